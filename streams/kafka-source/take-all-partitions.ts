/** Gives every partition of a topic to the only member of its group. */
import { AssignerProtocol, type PartitionAssigner } from 'kafkajs'

const name = 'millrace-all'

export const takeAllPartitions: PartitionAssigner = ({ cluster }) => ({
  name,
  version: 0,
  protocol: ({ topics }) => ({
    name,
    metadata: AssignerProtocol.MemberMetadata.encode({
      version: 0,
      topics,
      userData: Buffer.alloc(0)
    })
  }),
  async assign({ members, topics }) {
    const assignment = Object.fromEntries(
      topics.map((topic) => [
        topic,
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)
      ])
    )
    const none = Buffer.alloc(0)
    return members.map(({ memberId }, index) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: index === 0 ? assignment : {},
        userData: none
      })
    }))
  }
})
