// What each caller of the signer may request. Everything else is refused, with the rule that it violates.
import { BlockList, isIP } from 'node:net'
import { isJsonObject } from '../base/json.ts'
import { writeJson } from '../base/write-json.ts'
import type { CertificateRequest } from './signer.ts'

export type SignerRole = 'server' | 'controllers' | 'admin' | 'backup'

/** Methods of the socket protocol. */
export type SignerMethod =
  | 'authority'
  | 'issueCertificate'
  | 'tokenKeys'
  | 'signTokens'
  | 'wrapKey'
  | 'unwrapKey'
  | 'signAuditCheckpoint'
  | 'auditKey'
  | 'keepStoreHead'
  | 'storeHead'
  | 'signEvidence'
  | 'evidenceKey'
  | 'makeVolumeKey'
  | 'copyVolumeKey'
  | 'openVolumeKey'
  | 'eraseVolumeKey'
  | 'signBackup'
  | 'backupHead'
  | 'keepBackupHead'
  | 'exportKeys'

export class PolicyViolation extends Error {
  /** Name of the rule, for logs and tests. */
  readonly rule: string
  constructor(rule: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PolicyViolation'
    this.rule = rule
  }
}

const everyone: readonly SignerMethod[] = ['authority', 'tokenKeys', 'auditKey', 'evidenceKey']
const methods: Readonly<Record<SignerRole, ReadonlySet<SignerMethod>>> = {
  server: new Set<SignerMethod>([
    ...everyone,
    'issueCertificate',
    'signTokens',
    'wrapKey',
    'unwrapKey',
    'signAuditCheckpoint',
    'keepStoreHead',
    'storeHead',
    'openVolumeKey',
  ]),
  // Who makes and erases keys of volumes never relays one.
  controllers: new Set<SignerMethod>([...everyone, 'issueCertificate', 'makeVolumeKey', 'copyVolumeKey', 'eraseVolumeKey']),
  // It gets the keys only sealed to recipients that the cluster does not hold, and signs reports of one proof only.
  backup: new Set<SignerMethod>([...everyone, 'signBackup', 'backupHead', 'keepBackupHead', 'exportKeys', 'signEvidence']),
  // Only a local administrator: a server whose controls are attacked must not sign that they hold.
  admin: new Set<SignerMethod>([...everyone, 'issueCertificate', 'signEvidence']),
}

export function checkMethod(role: SignerRole, method: SignerMethod): void {
  if (!methods[role].has(method)) throw new PolicyViolation('method', `Role "${role}" may not call "${method}"`)
}

const hour = 3600
const day = 24 * hour
const year = 366 * day
const minLifetimeSeconds = 10 * 60
const mastersGroup = 'system:masters'
/** Bound to cluster-admin. */
const administratorsGroup = 'system:bulkhead:administrators'
/** The names of the administrators' certificates, and of the supervisor's. */
const ownNames = new Set(['bulkhead-admin', 'bulkhead-break-glass', 'bulkhead-up'])
const nodesGroup = 'system:nodes'
const nodePrefix = 'system:node:'
const accountPrefix = 'system:serviceaccount:kube-system:'
const accountGroups = new Set(['system:serviceaccounts', 'system:serviceaccounts:kube-system'])
const dnsName = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const nodeName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** The names of the API server, which only its certificate may contain. */
export interface ServingNames {
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
}

/** What the rules need to know about the cluster. */
export interface SignerScope {
  readonly servingNames: ServingNames
  /** Names of the controllers' ServiceAccounts in kube-system. */
  readonly controllerAccounts: ReadonlySet<string>
  /** The issuer of all tokens. */
  readonly issuer: string
}

/** One kind of certificate that a role may get. A request must meet one of its role's rules completely. */
interface CertificateRule {
  readonly name: string
  readonly authority: CertificateRequest['authority']
  readonly maxLifetimeSeconds: number
  subject(commonName: string, organizations: readonly string[], scope: SignerScope): boolean
  names(request: CertificateRequest, serving: ServingNames): boolean
}

const noNames = ({ dnsNames, ipAddresses }: CertificateRequest): boolean => dnsNames.length === 0 && ipAddresses.length === 0
const only = (organizations: readonly string[], ...wanted: string[]): boolean =>
  organizations.length === wanted.length && wanted.every(group => organizations.includes(group))
const isNode = (commonName: string, organizations: readonly string[]): boolean =>
  commonName.startsWith(nodePrefix) && nodeName.test(commonName.slice(nodePrefix.length)) && only(organizations, nodesGroup)
/** A node's own name or one below it; never a name or address of the API server, nor an address of the machine itself. */
function isNamedAsNode({ commonName, dnsNames, ipAddresses }: CertificateRequest, serving: ServingNames): boolean {
  const node = commonName.slice(nodePrefix.length)
  const apiServer = addressList(serving.ipAddresses)
  return (
    dnsNames.length + ipAddresses.length > 0 &&
    dnsNames.every(name => (name === node || name.startsWith(`${node}.`)) && isNodeName(name, serving)) &&
    ipAddresses.every(address => !apiServer.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))
  )
}
const isNodeName = (name: string, { dnsNames }: ServingNames): boolean =>
  !name.startsWith('*.') && name !== 'localhost' && !/\.svc($|\.)/.test(name) && !dnsNames.includes(name)

/** Matches an address in any spelling, and an IPv4 address also as IPv6. */
function addressList(addresses: readonly string[]): BlockList {
  const list = new BlockList()
  for (const address of addresses) list.addAddress(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  list.addSubnet('127.0.0.0', 8)
  list.addAddress('::1', 'ipv6')
  for (const unspecified of ['0.0.0.0', '::'] as const) list.addAddress(unspecified, isIP(unspecified) === 6 ? 'ipv6' : 'ipv4')
  return list
}

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
      subject: (commonName, organizations, { controllerAccounts }) =>
        commonName.startsWith(accountPrefix) &&
        controllerAccounts.has(commonName.slice(accountPrefix.length)) &&
        organizations.every(group => accountGroups.has(group)),
      names: noNames,
    },
    { name: 'kubelet-client', authority: 'client', maxLifetimeSeconds: day, subject: isNode, names: noNames },
    {
      // Issued by a separate authority that no client of the API server trusts.
      name: 'kubelet-serving',
      authority: 'kubelet-serving',
      maxLifetimeSeconds: 90 * day,
      subject: isNode,
      names: isNamedAsNode,
    },
    {
      // kubernetes.io/kube-apiserver-client: users and external programs. No names reserved by Kubernetes. Alternative names are kept, as
      // upstream; they mean nothing in a client certificate.
      name: 'user-client',
      authority: 'client',
      maxLifetimeSeconds: 90 * day,
      subject: (commonName, organizations) =>
        !commonName.startsWith('system:') && !ownNames.has(commonName) && organizations.every(group => !group.startsWith('system:')),
      names: () => true,
    },
  ],
  backup: [],
  admin: [
    {
      name: 'administrator',
      authority: 'client',
      maxLifetimeSeconds: day,
      subject: (commonName, organizations) => commonName === 'bulkhead-admin' && only(organizations, administratorsGroup),
      names: noNames,
    },
    {
      // Each use of it is an alarm.
      name: 'break-glass',
      authority: 'client',
      maxLifetimeSeconds: year,
      subject: (commonName, organizations) => commonName === 'bulkhead-break-glass' && only(organizations, mastersGroup),
      names: noNames,
    },
    {
      // The supervisor gives nodes their tickets, whatever RBAC and webhooks say. Its certificate is on no disk.
      name: 'supervisor',
      authority: 'client',
      maxLifetimeSeconds: hour,
      subject: (commonName, organizations) => commonName === 'bulkhead-up' && only(organizations, mastersGroup),
      names: noNames,
    },
    {
      // The supervisor gives the DNS part its certificate, so that a process that parses data from pods cannot reach the signer.
      name: 'cluster-dns',
      authority: 'client',
      maxLifetimeSeconds: 7 * day,
      subject: (commonName, organizations) =>
        commonName === `${accountPrefix}cluster-dns` && organizations.every(group => accountGroups.has(group)),
      names: noNames,
    },
    {
      // Likewise, as this part parses what registries send.
      name: 'artifacts',
      authority: 'client',
      maxLifetimeSeconds: 7 * day,
      subject: (commonName, organizations) =>
        commonName === `${accountPrefix}artifacts` && organizations.every(group => accountGroups.has(group)),
      names: noNames,
    },
    {
      // It reads all objects, and so gets its certificate from the supervisor only.
      name: 'backup',
      authority: 'client',
      maxLifetimeSeconds: 7 * day,
      subject: (commonName, organizations) =>
        commonName === `${accountPrefix}backup` && organizations.every(group => accountGroups.has(group)),
      names: noNames,
    },
    {
      // The part `registry` asks the API who may do what, and nothing else.
      name: 'registry',
      authority: 'client',
      maxLifetimeSeconds: year,
      subject: (commonName, organizations) =>
        commonName === `${accountPrefix}registry` && organizations.every(group => accountGroups.has(group)),
      names: noNames,
    },
    {
      // Issued by a separate authority that no client of the API server trusts, because it has the same names as the API server.
      name: 'registry-serving',
      authority: 'registry',
      maxLifetimeSeconds: year,
      subject: (commonName, organizations) => commonName === 'bulkhead-registry' && organizations.length === 0,
      names: ({ dnsNames, ipAddresses }, serving) =>
        dnsNames.length + ipAddresses.length > 0 &&
        dnsNames.every(name => serving.dnsNames.includes(name)) &&
        ipAddresses.every(address => serving.ipAddresses.includes(address)),
    },
    {
      // A member of etcd that is a part of the cluster. Whoever has a certificate of this authority can write to etcd, so no server and no
      // controller gets one of its own: the supervisor gives it to them.
      name: 'etcd-member',
      authority: 'etcd',
      maxLifetimeSeconds: year,
      subject: (commonName, organizations) => commonName === 'bulkhead-etcd' && organizations.length === 0,
      names: ({ dnsNames, ipAddresses }, serving) =>
        dnsNames.length === 0 && ipAddresses.length > 0 && ipAddresses.every(address => serving.ipAddresses.includes(address)),
    },
    {
      name: 'etcd-client',
      authority: 'etcd',
      maxLifetimeSeconds: year,
      subject: (commonName, organizations) => commonName === 'bulkhead-etcd-client' && organizations.length === 0,
      names: noNames,
    },
  ],
}

/** Throws `PolicyViolation` unless one rule of the role allows the whole request. */
export function checkCertificate(role: SignerRole, request: CertificateRequest, scope: SignerScope): void {
  checkForm(request)
  const { authority, commonName, organizations, lifetimeSeconds } = request
  if (role !== 'admin' && organizations.includes(mastersGroup)) {
    throw new PolicyViolation('masters', `Role "${role}" may not issue a certificate for group "${mastersGroup}"`)
  }
  const bySubject = rules[role].filter(rule => rule.authority === authority && rule.subject(commonName, organizations, scope))
  if (bySubject.length === 0) {
    throw new PolicyViolation(
      'subject',
      `Role "${role}" may not issue a ${authority} certificate for "${commonName}" with groups [${organizations.join(', ')}]`,
    )
  }
  const byNames = bySubject.filter(rule => rule.names(request, scope.servingNames))
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
  if (length > maxCsrBytes) throw new PolicyViolation('csr-size', `The CSR has ${length} bytes, the limit is ${maxCsrBytes}`)
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

/** Upstream limits bound tokens to 2^32 s; ours last at most a year. */
const maxTokenSeconds = 366 * day
const maxClaimsBytes = 8192
/** Allowed difference of the clocks, and time that a request may wait: both processes run on one machine. */
const maxAheadSeconds = 60
const maxBehindSeconds = 300
const knownClaims = new Set(['aud', 'bulkhead.dev', 'exp', 'iat', 'iss', 'jti', 'kubernetes.io', 'nbf', 'sub'])

/**
 * A token must be for a ServiceAccount of this cluster, or for a user at the cluster's registry alone; begin now and expire. `now` in
 * milliseconds.
 */
export function checkClaims(claims: Readonly<Record<string, unknown>>, { issuer }: Pick<SignerScope, 'issuer'>, now: number): void {
  const { iss, aud } = claims
  if (Buffer.byteLength(writeJson(claims)) > maxClaimsBytes)
    throw new PolicyViolation('token-size', `A token may have at most ${maxClaimsBytes} bytes of claims`)
  // Another system that trusts the cluster's keys could interpret such claims as rights.
  const unknown = Object.keys(claims).find(name => !knownClaims.has(name))
  if (unknown !== undefined) throw new PolicyViolation('token-claims', `A token may not have the claim "${unknown}"`)
  checkSubject(claims)
  if (iss !== issuer) throw new PolicyViolation('token-issuer', `A token must name the issuer "${issuer}"`)
  if (!Array.isArray(aud) || aud.length === 0 || !aud.every(audience => typeof audience === 'string'))
    throw new PolicyViolation('token-audience', 'A token must name its audiences')
  checkTimes(claims, Math.floor(now / 1000))
}

/** The audience of the cluster's registry, and the claim with the user of a token that is for nothing else. */
const registryAudience = 'registry.bulkhead.dev'
const registryClaim = 'bulkhead.dev'
const maxRegistrySeconds = hour

function checkSubject({ sub, aud, iat, exp, ...claims }: Readonly<Record<string, unknown>>): void {
  if (claims[registryClaim] === undefined) {
    if (typeof sub === 'string' && sub === subjectOf(claims['kubernetes.io'])) return
    throw new PolicyViolation('token-subject', 'A token must be for the ServiceAccount that its claims name')
  }
  // Another system must never take a user's token for one of a ServiceAccount.
  if (typeof sub !== 'string' || sub === '' || sub.startsWith('system:serviceaccount:') || claims['kubernetes.io'] !== undefined)
    throw new PolicyViolation('token-subject', 'A token for the registry must be for a user who is no ServiceAccount')
  if (!Array.isArray(aud) || aud.length !== 1 || aud[0] !== registryAudience)
    throw new PolicyViolation('token-audience', `A user's token must be for "${registryAudience}" alone`)
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > maxRegistrySeconds)
    throw new PolicyViolation('token-lifetime', `A user's token must expire within ${maxRegistrySeconds} s`)
}

const accountName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

function subjectOf(kubernetes: unknown): string | undefined {
  if (!isJsonObject(kubernetes) || !isJsonObject(kubernetes['serviceaccount'])) return undefined
  const { namespace } = kubernetes
  const { name } = kubernetes['serviceaccount']
  if (typeof namespace !== 'string' || typeof name !== 'string') return undefined
  return accountName.test(namespace) && accountName.test(name) ? `system:serviceaccount:${namespace}:${name}` : undefined
}

function checkTimes({ iat, nbf, exp }: Readonly<Record<string, unknown>>, now: number): void {
  for (const [name, value] of Object.entries({ iat, nbf })) {
    if (typeof value !== 'number' || value > now + maxAheadSeconds || value < now - maxBehindSeconds)
      throw new PolicyViolation('token-time', `The "${name}" of a token must be now`)
  }
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp <= iat || exp - iat > maxTokenSeconds)
    throw new PolicyViolation('token-lifetime', `A token must expire within ${maxTokenSeconds} s`)
}
