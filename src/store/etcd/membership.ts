// Changes who the members of etcd are. A new one is a learner until it has everything, so that a machine that never comes costs no quorum.
import type { EtcdClient } from './etcd-client.ts'

export interface EtcdMember {
  /** Decimal: it has 64 bits. */
  readonly ID: string
  /** Empty until it has started. */
  readonly name: string
  readonly peerURLs: readonly string[]
  readonly clientURLs: readonly string[]
  readonly isLearner: boolean
}

interface Members {
  readonly members: readonly EtcdMember[]
}

const changeMs = 10_000

export async function listMembers(client: EtcdClient): Promise<readonly EtcdMember[]> {
  return (await client.persist<Members>('MemberList', { linearizable: true }, { timeoutMs: changeMs })).members
}

/** Resolves with all members, the new one included. Rejects with EtcdError. */
export async function addLearner(
  client: EtcdClient,
  peerUrl: string,
): Promise<{ readonly id: string; readonly members: readonly EtcdMember[] }> {
  const request = { peerURLs: [peerUrl], isLearner: true }
  const { member, members } = await client.call<Members & { readonly member: EtcdMember }>('MemberAdd', request, { timeoutMs: changeMs })
  return { id: member.ID, members }
}

export async function removeMember(client: EtcdClient, id: string): Promise<void> {
  await client.call('MemberRemove', { ID: id }, { timeoutMs: changeMs })
}

/** Rejects with EtcdError while the learner has not caught up. */
export async function promoteMember(client: EtcdClient, id: string): Promise<void> {
  await client.call('MemberPromote', { ID: id }, { timeoutMs: changeMs })
}
