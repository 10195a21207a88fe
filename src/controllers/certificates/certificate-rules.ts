// Which certificate requests are approved automatically, which each signer may sign, and when they are obsolete. Pure; the rules are
// upstream's.
import { X509Certificate } from 'node:crypto'
import { bootstrappersGroup, bootstrapUserPrefix, ticketNodeExtra } from '../../api/credentials/join-ticket-names.ts'
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../api/types/certificates-v1.ts'
import { formatTime } from '../../base/clock.ts'
import type { RequestedIdentity } from './certificate-request.ts'

export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet'
export const kubeletServingSigner = 'kubernetes.io/kubelet-serving'
export const clientSigner = 'kubernetes.io/kube-apiserver-client'
const ticketUser = new RegExp(`^${bootstrapUserPrefix}([a-z0-9]{10})$`)
const nodePrefix = 'system:node:'

export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return status?.conditions?.some(condition => condition.type === type) === true
}

/** The conditions of the request plus this one; `now` in milliseconds since the epoch. */
export function conditionsWith(
  { status }: CertificateSigningRequest,
  { type, reason, message }: Pick<CertificateSigningRequestCondition, 'type' | 'reason' | 'message'>,
  now: number,
): CertificateSigningRequestCondition[] {
  const time = formatTime(now)
  return [...(status?.conditions ?? []), { type, status: 'True', reason, message, lastUpdateTime: time, lastTransitionTime: time }]
}

type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string }
const allowed: Verdict = { allowed: true }

const nodeUsages = (purpose: string): string[] => ['digital signature', 'key encipherment', purpose].sort()

/** Keys that cannot encipher need no key encipherment. */
function validateNodeUsages(usages: readonly string[], purpose: string): string | undefined {
  const wanted = nodeUsages(purpose)
  const isFine =
    wanted.every(usage => usage === 'key encipherment' || usages.includes(usage)) && usages.every(usage => wanted.includes(usage))
  return isFine ? undefined : `usages did not match [${wanted.join(' ')}]`
}

const notNodesGroup = 'subject organization is not system:nodes'
const notNodeName = 'subject common name does not begin with system:node:'

const isNodesGroup = ({ organizations }: RequestedIdentity): boolean => organizations.length === 1 && organizations[0] === 'system:nodes'
const isNodeName = ({ commonName }: RequestedIdentity): boolean =>
  commonName.startsWith(nodePrefix) && commonName.length > nodePrefix.length

function validateKubeletClient(identity: RequestedIdentity, usages: readonly string[]): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris, otherNames } = identity
  if (!isNodesGroup(identity)) return notNodesGroup
  if (dnsNames.length > 0) return 'DNS subjectAltNames are not allowed'
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (ipAddresses.length > 0) return 'IP subjectAltNames are not allowed'
  if (uris.length > 0) return 'URI subjectAltNames are not allowed'
  if (otherNames.length > 0) return 'other subjectAltNames are not allowed'
  if (!isNodeName(identity)) return notNodeName
  return validateNodeUsages(usages, 'client auth')
}

function validateKubeletServing(identity: RequestedIdentity, usages: readonly string[]): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris, otherNames } = identity
  if (!isNodesGroup(identity)) return notNodesGroup
  if (dnsNames.length + ipAddresses.length === 0) return 'DNS or IP subjectAltName is required'
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (uris.length > 0) return 'URI subjectAltNames are not allowed'
  if (otherNames.length > 0) return 'other subjectAltNames are not allowed'
  return validateNodeUsages(usages, 'server auth') ?? (isNodeName(identity) ? undefined : notNodeName)
}

function validateClient({ commonName, organizations }: RequestedIdentity, usages: readonly string[]): string | undefined {
  if (organizations.includes('system:masters')) return 'organization system:masters is not allowed'
  // The right to approve certificates of users must not allow creating a node, a component or a ServiceAccount.
  if ([commonName, ...organizations].some(name => name.startsWith('system:'))) return 'names that begin with "system:" are not allowed'
  const foreign = usages.find(usage => !nodeUsages('client auth').includes(usage))
  if (foreign !== undefined) return `invalid usage for client certificate: ${foreign}`
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}

const validates: ReadonlyMap<string, (identity: RequestedIdentity, usages: readonly string[]) => string | undefined> = new Map([
  [kubeletClientSigner, validateKubeletClient],
  [kubeletServingSigner, validateKubeletServing],
  [clientSigner, validateClient],
])

/** What a signer certifies; messages are upstream's where its rules are. */
export function checkForSigner(signerName: string, identity: RequestedIdentity, usages: readonly string[]): Verdict {
  const validate = validates.get(signerName)
  const reason = validate === undefined ? `signer ${signerName} is not served` : validate(identity, usages)
  return reason === undefined ? allowed : { allowed: false, reason }
}

/** What a request must prove for automatic approval. */
export type Approval =
  /** A node renews its own certificate. */
  | { readonly approval: 'self'; readonly message: string }
  /** A node's first certificate, if the ticket names this node. */
  | { readonly approval: 'ticket'; readonly ticketId: string; readonly node: string; readonly message: string }
  | { readonly approval: 'none' }

export function planApproval({ spec }: CertificateSigningRequest, identity: RequestedIdentity): Approval {
  if (spec.signerName !== kubeletClientSigner || !checkForSigner(kubeletClientSigner, identity, spec.usages ?? []).allowed)
    return { approval: 'none' }
  const { username = '', groups = [] } = spec
  if (username === identity.commonName && groups.includes('system:nodes')) {
    return { approval: 'self', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.' }
  }
  const ticketId = ticketIdOf(spec)
  const node = identity.commonName.slice(nodePrefix.length)
  if (ticketId === undefined || spec.extra?.[ticketNodeExtra]?.[0] !== node) return { approval: 'none' }
  return { approval: 'ticket', ticketId, node, message: 'Auto approving kubelet client certificate after SubjectAccessReview.' }
}

/**
 * The id of the requester's join ticket; undefined without one. Users of Kubernetes' bootstrap tokens have the same names and groups, but
 * ids of another length and no node.
 */
export function ticketIdOf({ username = '', groups = [], extra }: CertificateSigningRequest['spec']): string | undefined {
  if (!groups.includes(bootstrappersGroup) || extra?.[ticketNodeExtra] === undefined) return undefined
  return ticketUser.exec(username)?.[1]
}

const hourMs = 3_600_000

/**
 * Upstream's csrcleaner: decided requests are removed an hour after the decision, undecided ones after a day, issued certificates when they
 * expire. Throws for an invalid certificate.
 */
export function isStale({ metadata, status }: CertificateSigningRequest, now: number): boolean {
  const isOlder = (time: string | null | undefined, age: number): boolean => typeof time === 'string' && Date.parse(time) < now - age
  const conditions = status?.conditions ?? []
  if (conditions.length === 0) return isOlder(metadata.creationTimestamp, 24 * hourMs)
  const certificate = status?.certificate
  const ends = new Set(certificate ? ['Approved', 'Denied', 'Failed'] : ['Denied', 'Failed'])
  if (conditions.some(({ type, lastUpdateTime }) => ends.has(type) && isOlder(lastUpdateTime, hourMs))) return true
  if (!certificate || !conditions.some(({ type }) => type === 'Approved')) return false
  return new X509Certificate(Buffer.from(certificate, 'base64')).validToDate.getTime() < now
}
