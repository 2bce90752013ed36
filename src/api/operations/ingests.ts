import { putIngestSchema, resetIngestSchema } from '../../domain/schemas/index.ts'
import {
  deleteIngest,
  ingestStatus,
  listIngests,
  parseJson,
  pauseIngest,
  putIngest,
  resetIngest,
  resumeIngest
} from '../../service/index.ts'
import { type Call, type Operation, type OperationScope, succeeded } from './operation.ts'
import { managementOptions } from './parameters.ts'

const tags = ['ingest']
const url = '/millrace/ingest/:ingest'

const nameOf = (call: Call) => call.path('ingest')
const bodyOf = ({ context }: OperationScope, call: Call) =>
  parseJson(call.body, context.limits.jsonDepth)

export const ingestOperations: readonly Operation[] = [
  {
    name: 'list_ingests',
    method: 'GET',
    url: '/millrace/ingest',
    tags,
    summary: 'List ingests and what they are doing',
    run: async ({ context }) => succeeded(await listIngests(context))
  },
  {
    name: 'put_ingest',
    method: 'PUT',
    url,
    tags,
    summary: 'Read topics into a collection, or change how',
    body: putIngestSchema,
    run: async (scope, call) =>
      succeeded(
        await putIngest(scope.context, nameOf(call), bodyOf(scope, call), managementOptions(call))
      )
  },
  {
    name: 'get_ingest',
    method: 'GET',
    url,
    tags,
    summary: 'Say what an ingest is doing: state, positions, lag and rate',
    run: async ({ context }, call) => succeeded(await ingestStatus(context, nameOf(call)))
  },
  {
    name: 'delete_ingest',
    method: 'DELETE',
    url,
    tags,
    summary: 'End an ingest; what it read stays',
    run: async ({ context }, call) =>
      succeeded(await deleteIngest(context, nameOf(call), managementOptions(call)))
  },
  {
    name: 'pause_ingest',
    method: 'POST',
    url: `${url}/pause`,
    tags,
    summary: 'Stop reading, and keep the positions',
    run: async ({ context }, call) =>
      succeeded(await pauseIngest(context, nameOf(call), managementOptions(call)))
  },
  {
    name: 'resume_ingest',
    method: 'POST',
    url: `${url}/resume`,
    tags,
    summary: 'Read on, on this node; also after a failure',
    run: async ({ context }, call) =>
      succeeded(await resumeIngest(context, nameOf(call), managementOptions(call)))
  },
  {
    name: 'reset_ingest',
    method: 'POST',
    url: `${url}/reset`,
    tags,
    summary: 'Forget the positions and read from a start again',
    body: resetIngestSchema,
    run: async (scope, call) => {
      const body = call.body.length === 0 ? {} : bodyOf(scope, call)
      const options = managementOptions(call)
      return succeeded(await resetIngest(scope.context, nameOf(call), body, options))
    }
  }
]
