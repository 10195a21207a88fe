// What the members of etcd say of themselves: a version that this store knows, and whether their space needs care.
import { messageOf, UserError } from '../../base/user-error.ts'
import type { EtcdClient } from './etcd-client.ts'
import type { StatusResponse } from './messages.ts'

/** What is wasted below this is not worth a defragmentation, which stops a member for seconds. */
const minWastedBytes = 256 * 2 ** 20

export interface MemberStatus {
  readonly endpoint: string
  readonly status: StatusResponse | undefined
  /** Why it did not answer. */
  readonly error: string | undefined
}

export function askMembers(client: EtcdClient, timeoutMs: number, signal?: AbortSignal): Promise<MemberStatus[]> {
  return Promise.all(
    client.endpoints.map(async (endpoint, member) => {
      try {
        return { endpoint, status: await client.ask<StatusResponse>(member, 'Status', {}, { timeoutMs, signal }), error: undefined }
      } catch (err) {
        return { endpoint, status: undefined, error: messageOf(err) }
      }
    }),
  )
}

/** Throws `UserError` if no member answers, one has another version, or there is no leader. */
export function requireUsable(members: readonly MemberStatus[]): void {
  const answers = members.flatMap(({ endpoint, status }) => (status === undefined ? [] : [{ endpoint, ...status }]))
  if (answers.length === 0)
    throw new UserError(
      `No etcd member answers: ${members.map(({ error }) => error).join('; ')}. Check --etcd-servers, that etcd runs, and that --etcd-ca, --etcd-cert and --etcd-key belong to it`,
    )
  for (const { endpoint, version } of answers) {
    if (!isKnownVersion(version))
      throw new UserError(
        `etcd at ${endpoint} has version ${version}, and this store works with 3.5 and 3.6. Upgrade etcd, or choose another one`,
      )
  }
  if (answers.every(({ leader }) => leader === 0))
    throw new UserError(
      `etcd has no leader: ${answers.length} of ${members.length} members answer, which is no quorum or an election. Start the other members, or restore etcd from a snapshot`,
    )
}

export const isKnownVersion = (version: string): boolean => /^3\.[56]\.\d+(?:$|[-+])/.test(version)

/** What an operator should do about the space of the members; undefined if nothing. */
export function spaceAdvice(members: readonly MemberStatus[]): string | undefined {
  for (const { endpoint, status } of members) {
    const alarm = status?.errors.find(error => error.includes('NOSPACE'))
    if (alarm !== undefined)
      return `etcd at ${endpoint} accepts no writes, because its space quota is used up (alarm NOSPACE). Raise --quota-backend-bytes or free space with "etcdctl defrag --cluster", then clear the alarm with "etcdctl alarm disarm"`
    if (status?.errors.some(error => error.includes('CORRUPT')))
      return `etcd at ${endpoint} reports damaged data (alarm CORRUPT). Replace the damaged member, then clear the alarm with "etcdctl alarm disarm"`
  }
  return undefined
}

/** Members whose file is mostly free space. */
export function fragmented(members: readonly MemberStatus[]): string | undefined {
  const wasteful = members.filter(
    ({ status }) => status !== undefined && wastedBytes(status) > Math.max(minWastedBytes, status.dbSizeInUse),
  )
  if (wasteful.length === 0) return undefined
  return `more than half of etcd's file is free space at ${wasteful.map(({ endpoint }) => endpoint).join(', ')}. Run "etcdctl defrag" for one member after the other`
}

const wastedBytes = ({ dbSize, dbSizeInUse }: StatusResponse): number => dbSize - dbSizeInUse
