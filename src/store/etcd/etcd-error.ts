// What went wrong in a request to etcd, by what the caller can do about it.
import { status } from '@grpc/grpc-js'
import { messageOf } from '../../base/user-error.ts'

/**
 * `unavailable`: no answer, so a write may or may not have happened; another member or a later attempt may answer. `busy`: etcd refused
 * without trying. The others are final, and nothing was written.
 */
export type EtcdFault = 'unavailable' | 'busy' | 'compacted' | 'no-space' | 'too-large' | 'no-lease' | 'denied' | 'corrupt' | 'other'

export class EtcdError extends Error {
  readonly fault: EtcdFault
  constructor(fault: EtcdFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EtcdError'
    this.fault = fault
  }
}

/** The texts are etcd's (api/v3rpc/rpctypes/error.go): several faults share a code of gRPC. */
const byText: readonly (readonly [string, EtcdFault])[] = [
  ['mvcc: required revision has been compacted', 'compacted'],
  ['mvcc: database space exceeded', 'no-space'],
  ['request is too large', 'too-large'],
  ['too many operations in txn request', 'too-large'],
  ['requested lease not found', 'no-lease'],
  ['corrupt cluster', 'corrupt'],
  ['too many requests', 'busy'],
]

const byCode: Readonly<Record<number, EtcdFault>> = {
  [status.UNAVAILABLE]: 'unavailable',
  [status.DEADLINE_EXCEEDED]: 'unavailable',
  [status.CANCELLED]: 'unavailable',
  [status.INTERNAL]: 'unavailable',
  [status.ABORTED]: 'unavailable',
  [status.UNAUTHENTICATED]: 'denied',
  [status.PERMISSION_DENIED]: 'denied',
  [status.DATA_LOSS]: 'corrupt',
}

const advice: Partial<Record<EtcdFault, string>> = {
  'no-space':
    'its space quota is used up (alarm NOSPACE). Raise --quota-backend-bytes or free space with "etcdctl defrag --cluster", then clear the alarm with "etcdctl alarm disarm"',
  denied: 'it refuses this client. Check the certificate given with --etcd-cert and the roles of its user in etcd',
  corrupt: 'it reports damaged data (alarm CORRUPT). Replace the damaged member, then clear the alarm with "etcdctl alarm disarm"',
}

/** `endpoint` is the URL of the member that was asked. */
export function etcdError(err: unknown, endpoint: string): EtcdError {
  if (err instanceof EtcdError) return err
  const code = err instanceof Error && 'code' in err && typeof err.code === 'number' ? err.code : status.UNKNOWN
  const details = err instanceof Error && 'details' in err && typeof err.details === 'string' ? err.details : messageOf(err)
  const fault = byText.find(([text]) => details.includes(text))?.[1] ?? byCode[code] ?? 'other'
  return new EtcdError(fault, `etcd at ${endpoint}: ${advice[fault] ?? details}`, { cause: err })
}
