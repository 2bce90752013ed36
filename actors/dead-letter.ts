import type { SourceRange } from '../src/domain/record/index.ts'
import type { DeadLetter } from '../src/ingest/index.ts'
import type { DeadLetterRecord } from '../streams/index.ts'

/**
 * What is set aside of a message: its value as it was, why, and where it stood. The same message may be set aside twice, after
 * a crash; its key tells it apart from others.
 */
export function deadLetterOf(
  ingest: { readonly id: bigint; readonly name: string },
  { topic, partition }: SourceRange,
  { message, poison }: DeadLetter
): DeadLetterRecord {
  return {
    key: `${topic}/${partition}/${message.offset}`,
    value: message.value,
    headers: {
      'millrace-reason': poison.reason,
      'millrace-detail': poison.detail,
      'millrace-ingest': ingest.name,
      'millrace-ingest-id': ingest.id.toString(),
      'millrace-source-topic': topic,
      'millrace-source-partition': String(partition),
      'millrace-source-offset': message.offset.toString(),
      ...(message.key !== null && { 'millrace-source-key': message.key })
    }
  }
}
