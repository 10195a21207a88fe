// The list of denied credentials, and the entries that deny the certificates of a deleted Node: the server reads them, a controller writes them.

export const deniedCredentials = { namespace: 'kube-system', name: 'bulkhead-denied-credentials' } as const

/** The right to change the list: this verb on this resource, which exists for authorization only. */
export const denyRight = { verb: 'deny', group: 'access.bulkhead.dev', resource: 'credentials' } as const
/** The right to change entries of deleted Nodes, and no others. */
export const denyNodesRight = { ...denyRight, resource: 'nodecredentials' } as const

/** The kind of a denial: `node-certificates:<node>@<RFC 3339 time>` denies every certificate of the node that expires until then. */
export const nodeCertificatesKind = 'node-certificates'
/** Keys of these entries; the rest is the uid of the Node. */
export const nodeCertificatesKey = 'node.'

const pattern = /^([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/

export interface NodeCertificates {
  readonly node: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** `value` without its kind. Undefined where it is none. */
export function parseNodeCertificates(value: string): NodeCertificates | undefined {
  const [, node, time] = pattern.exec(value) ?? []
  const until = Date.parse(time ?? '')
  return node === undefined || Number.isNaN(until) ? undefined : { node, until }
}

export const formatNodeCertificates = ({ node, until }: NodeCertificates): string =>
  `${nodeCertificatesKind}:${node}@${new Date(until).toISOString().replace(/\.\d+Z$/, 'Z')}`
