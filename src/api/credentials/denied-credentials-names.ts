// Names of the list of denied credentials, and of the entries for certificates of a deleted Node: the server reads them, a controller writes
// them.

export const deniedCredentials = { namespace: 'kube-system', name: 'bulkhead-denied-credentials' } as const

/** The right to change the list: this verb on this resource, which exists only for authorization. */
export const denyRight = { verb: 'deny', group: 'access.bulkhead.dev', resource: 'credentials' } as const
/** The right to change only entries of deleted Nodes. */
export const denyNodesRight = { ...denyRight, resource: 'nodecredentials' } as const

/** The kind of a denial: `node-certificates:<node>@<RFC 3339 time>` denies every certificate of the node that expires before that time. */
export const nodeCertificatesKind = 'node-certificates'
/** Prefix of these entries' keys; the rest is the uid of the Node. */
export const nodeCertificatesKey = 'node.'

const pattern = /^([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/

export interface NodeCertificates {
  readonly node: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** `value` without its kind. Undefined if it has another kind. */
export function parseNodeCertificates(value: string): NodeCertificates | undefined {
  const [, node, time] = pattern.exec(value) ?? []
  const until = Date.parse(time ?? '')
  return node === undefined || Number.isNaN(until) ? undefined : { node, until }
}

export const formatNodeCertificates = ({ node, until }: NodeCertificates): string =>
  `${nodeCertificatesKind}:${node}@${new Date(until).toISOString().replace(/\.\d+Z$/, 'Z')}`

/** The kind of a denial: `service-account-tokens:<RFC 3339 time>` denies every token of a ServiceAccount that was issued until then. */
export const accountTokensKind = 'service-account-tokens'
/** The key of the entry that the start with an older store writes. */
export const restoredStoreKey = 'restored-store'

const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** Milliseconds since the epoch. `value` without its kind. Undefined if it is no time in UTC. */
export function parseAccountTokens(value: string): number | undefined {
  const until = timePattern.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(until) ? undefined : until
}

/** `until` in milliseconds since the epoch; what is below a second is cut off, as tokens are dated in whole seconds. */
export const formatAccountTokens = (until: number): string =>
  `${accountTokensKind}:${new Date(until).toISOString().replace(/\.\d+Z$/, 'Z')}`
