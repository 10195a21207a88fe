// What each caller of the signer may ask for. Everything that is not allowed here is refused, with the rule that it breaks.
import { isIP } from 'node:net'
import type { CertificateRequest } from './signer.ts'

export type SignerRole = 'server' | 'controllers' | 'admin'

/** Methods as they go over the socket. */
export type SignerMethod =
  | 'authority'
  | 'issueCertificate'
  | 'tokenKeys'
  | 'signTokens'
  | 'wrapKey'
  | 'unwrapKey'
  | 'signAuditHead'
  | 'auditKey'

export class PolicyViolation extends Error {
  /** The rule's name, for logs and tests. */
  readonly rule: string
  constructor(rule: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PolicyViolation'
    this.rule = rule
  }
}

const everyone: readonly SignerMethod[] = ['authority', 'tokenKeys', 'auditKey']
const methods: Readonly<Record<SignerRole, ReadonlySet<SignerMethod>>> = {
  server: new Set<SignerMethod>([...everyone, 'issueCertificate', 'signTokens', 'wrapKey', 'unwrapKey', 'signAuditHead']),
  controllers: new Set<SignerMethod>([...everyone, 'issueCertificate']),
  admin: new Set<SignerMethod>([...everyone, 'issueCertificate']),
}

export function checkMethod(role: SignerRole, method: SignerMethod): void {
  if (!methods[role].has(method)) throw new PolicyViolation('method', `Role "${role}" may not call "${method}"`)
}

const hour = 3600
const day = 24 * hour
const year = 366 * day
const minLifetimeSeconds = 10 * 60
const mastersGroup = 'system:masters'
const nodesGroup = 'system:nodes'
const nodePrefix = 'system:node:'
const accountPrefix = 'system:serviceaccount:kube-system:'
const accountGroups = new Set(['system:serviceaccounts', 'system:serviceaccounts:kube-system'])
const dnsName = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const nodeName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** The names under which the API server may be reached: what its certificate may say. */
export interface ServingNames {
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
}

/** One kind of certificate that a role may have. A request must satisfy one of its role's rules entirely. */
interface CertificateRule {
  readonly name: string
  readonly authority: CertificateRequest['authority']
  readonly maxLifetimeSeconds: number
  subject(commonName: string, organizations: readonly string[]): boolean
  names(request: CertificateRequest, serving: ServingNames): boolean
}

const noNames = ({ dnsNames, ipAddresses }: CertificateRequest): boolean => dnsNames.length === 0 && ipAddresses.length === 0
const only = (organizations: readonly string[], ...wanted: string[]): boolean =>
  organizations.length === wanted.length && wanted.every(group => organizations.includes(group))
const isNode = (commonName: string, organizations: readonly string[]): boolean =>
  commonName.startsWith(nodePrefix) && nodeName.test(commonName.slice(nodePrefix.length)) && only(organizations, nodesGroup)

const rules: Readonly<Record<SignerRole, readonly CertificateRule[]>> = {
  server: [
    {
      name: 'api-server-serving',
      authority: 'serving',
      maxLifetimeSeconds: 90 * day,
      subject: (commonName, organizations) => commonName === 'kube-apiserver' && organizations.length === 0,
      names: ({ dnsNames, ipAddresses }, serving) =>
        dnsNames.length + ipAddresses.length > 0 &&
        dnsNames.every(name => serving.dnsNames.includes(name)) &&
        ipAddresses.every(address => serving.ipAddresses.includes(address)),
    },
    {
      name: 'front-proxy-client',
      authority: 'front-proxy',
      maxLifetimeSeconds: 90 * day,
      subject: (commonName, organizations) => commonName === 'front-proxy-client' && organizations.length === 0,
      names: noNames,
    },
  ],
  controllers: [
    {
      name: 'control-plane-component',
      authority: 'client',
      maxLifetimeSeconds: 30 * day,
      subject: (commonName, organizations) =>
        (commonName === 'system:kube-controller-manager' || commonName === 'system:kube-scheduler') && organizations.length === 0,
      names: noNames,
    },
    {
      name: 'controller-account',
      authority: 'client',
      maxLifetimeSeconds: 30 * day,
      subject: (commonName, organizations) =>
        commonName.startsWith(accountPrefix) &&
        dnsName.test(commonName.slice(accountPrefix.length)) &&
        organizations.every(group => accountGroups.has(group)),
      names: noNames,
    },
    { name: 'kubelet-client', authority: 'client', maxLifetimeSeconds: year, subject: isNode, names: noNames },
    {
      name: 'kubelet-serving',
      authority: 'serving',
      maxLifetimeSeconds: year,
      subject: isNode,
      names: ({ dnsNames, ipAddresses }) => dnsNames.length + ipAddresses.length > 0,
    },
    {
      // kubernetes.io/kube-apiserver-client: people and outside programs. Nothing of Kubernetes' own namespace of names.
      // Alternative names are honoured as upstream does; they mean nothing in a certificate that is for clients only.
      name: 'user-client',
      authority: 'client',
      maxLifetimeSeconds: year,
      subject: (commonName, organizations) =>
        !commonName.startsWith('system:') && commonName !== 'bulkhead-admin' && organizations.every(group => !group.startsWith('system:')),
      names: () => true,
    },
  ],
  admin: [
    {
      name: 'administrator',
      authority: 'client',
      maxLifetimeSeconds: year,
      subject: (commonName, organizations) => commonName === 'bulkhead-admin' && only(organizations, mastersGroup),
      names: noNames,
    },
    {
      // The supervisor hands the DNS part its certificate, so that a process which parses what pods send reaches no signer at all.
      name: 'cluster-dns',
      authority: 'client',
      maxLifetimeSeconds: year,
      subject: (commonName, organizations) =>
        commonName === `${accountPrefix}cluster-dns` && organizations.every(group => accountGroups.has(group)),
      names: noNames,
    },
  ],
}

/** Throws `PolicyViolation` unless one rule of the role allows the whole request. */
export function checkCertificate(role: SignerRole, request: CertificateRequest, serving: ServingNames): void {
  checkForm(request)
  const { authority, commonName, organizations, lifetimeSeconds } = request
  if (role !== 'admin' && organizations.includes(mastersGroup)) {
    throw new PolicyViolation('masters', `Role "${role}" may not issue a certificate for group "${mastersGroup}"`)
  }
  const bySubject = rules[role].filter(rule => rule.authority === authority && rule.subject(commonName, organizations))
  if (bySubject.length === 0) {
    throw new PolicyViolation(
      'subject',
      `Role "${role}" may not issue a ${authority} certificate for "${commonName}" with groups [${organizations.join(', ')}]`,
    )
  }
  const byNames = bySubject.filter(rule => rule.names(request, serving))
  if (byNames.length === 0) {
    throw new PolicyViolation('alternative-names', `A ${authority} certificate for "${commonName}" may not have these alternative names`)
  }
  const max = Math.max(...byNames.map(rule => rule.maxLifetimeSeconds))
  if (lifetimeSeconds > max) {
    throw new PolicyViolation('lifetime', `A certificate for "${commonName}" may last at most ${max} s, not ${lifetimeSeconds} s`)
  }
}

const maxNames = 100
const maxCsrBytes = 16_384

export function checkCsrSize({ length }: Buffer): void {
  if (length > maxCsrBytes) throw new PolicyViolation('csr-size', `The CSR has ${length} bytes, at most ${maxCsrBytes} are allowed`)
}

function checkForm({ csr, commonName, organizations, dnsNames, ipAddresses, lifetimeSeconds }: CertificateRequest): void {
  checkCsrSize(csr)
  const isText = (text: string, max: number) => text.length > 0 && text.length <= max && !/\p{Cc}/u.test(text)
  if (!isText(commonName, 320)) throw new PolicyViolation('form', 'The common name must have 1 to 320 printable characters')
  if (organizations.length > maxNames || !organizations.every(group => isText(group, 253))) {
    throw new PolicyViolation('form', 'Each group must have 1 to 253 printable characters')
  }
  if (dnsNames.length > maxNames || !dnsNames.every(name => name.length <= 253 && dnsName.test(name))) {
    throw new PolicyViolation('form', 'Each DNS name must be a lower-case domain name')
  }
  if (ipAddresses.length > maxNames || !ipAddresses.every(address => isIP(address) !== 0)) {
    throw new PolicyViolation('form', 'Each IP address must be an IPv4 or IPv6 address')
  }
  if (!Number.isSafeInteger(lifetimeSeconds) || lifetimeSeconds < minLifetimeSeconds) {
    throw new PolicyViolation('lifetime', `A certificate must last at least ${minLifetimeSeconds} s`)
  }
}

/** Upstream caps bound tokens at 2^32 s; ours last at most a year. */
const maxTokenSeconds = 366 * day
const maxClaimsBytes = 8192

/** A token is only ever one of a ServiceAccount, with an end. */
export function checkClaims(claims: Readonly<Record<string, unknown>>): void {
  const { sub, iss, iat, exp, aud } = claims
  if (typeof sub !== 'string' || !/^system:serviceaccount:[^:]+:[^:]+$/.test(sub)) {
    throw new PolicyViolation('token-subject', 'A token must be for a ServiceAccount')
  }
  if (typeof iss !== 'string' || iss === '') throw new PolicyViolation('token-issuer', 'A token must name its issuer')
  if (!Array.isArray(aud) || aud.length === 0) throw new PolicyViolation('token-audience', 'A token must name its audiences')
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp <= iat || exp - iat > maxTokenSeconds) {
    throw new PolicyViolation('token-lifetime', `A token must end within ${maxTokenSeconds} s`)
  }
  if (Buffer.byteLength(JSON.stringify(claims)) > maxClaimsBytes)
    throw new PolicyViolation('token-size', `A token may have at most ${maxClaimsBytes} bytes of claims`)
}
