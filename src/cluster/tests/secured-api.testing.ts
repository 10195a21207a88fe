// A whole API server in memory with real authenticators, authorizers and admission, for tests of attacks.
import { X509Certificate } from 'node:crypto'
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import type { AuditFailure } from '../../access/audit/audit-failure.ts'
import type { TokenWebhookSettings } from '../../access/authenticators/token-webhook.ts'
import type { AuthenticationConfiguration } from '../../access/jwt/configuration.ts'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import type { AuthorizationConfiguration } from '../../access/webhook/authorization-configuration.ts'
import type { AdmissionSettings } from '../../admission/admission-settings.ts'
import type { Features } from '../../api/features.ts'
import type { UserInfo } from '../../api/user.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Profile } from '../../base/config/config.ts'
import { createLogger } from '../../base/log.ts'
import { createRegistry, type Registry } from '../../base/metrics/metrics.ts'
import type { ApiServer } from '../../server/api-server.ts'
import { joined } from '../../server/http/body-parts.ts'
import type { FinalReply, ServerRequest } from '../../server/http/exchange.ts'
import type { AuditSink } from '../../server/request/audit-event.ts'
import { answerOf } from '../../server/testing.ts'
import type { CertificateRequest, Signer } from '../../signer/signer.ts'
import type { Store } from '../../store/store.ts'
import type { PolicyFolder } from '../admission/policy-folder.ts'
import { bootstrap } from '../bootstrap/bootstrap.ts'
import { openControlPlane } from '../control-plane.ts'
import type { ControlPlaneOptions, ReplaceConfiguration } from '../control-plane-options.ts'
import { bootstrappedStore, sharedKeySigner, testServiceCidr } from './bootstrapped.testing.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly warnings: readonly string[]
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  readonly json: any
}

export const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }
export const person = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, 'system:authenticated'] })
export const nodeUser = (name: string): UserInfo => person(`system:node:${name}`, 'system:nodes')

/** A clock that a test moves; its sleepers wake when it does. */
export class SteppedClock implements Clock {
  #now: number
  readonly #began: number
  readonly #sleepers = new Map<() => void, number>()

  constructor(now = Date.now()) {
    this.#now = now
    this.#began = now
  }

  now(): number {
    return this.#now
  }
  monotonic(): number {
    return this.#now - this.#began
  }

  advance(ms: number): void {
    this.#now += ms
    for (const wake of [...this.#sleepers.keys()]) wake()
  }

  /** Milliseconds until the next sleeper wakes; infinite if there is none. */
  get soonest(): number {
    return Math.min(...this.#sleepers.values()) - this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.#now + ms
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const wake = () => {
      if (this.#now < until) return
      this.#sleepers.delete(wake)
      resolve()
    }
    this.#sleepers.set(wake, until)
    const abort = () => {
      this.#sleepers.delete(wake)
      reject(signal?.reason)
    }
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    return promise
  }
}

const pod = { containers: [{ name: 'c', image: 'registry.example/app:1' }] }
const hardened = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }

interface PodDraft {
  metadata: { name: string }
  spec: { containers: object[]; [field: string]: unknown }
}

/** Meets `restricted`; `spec` and `container` are merged into it. */
export function restrictedPod(name: string, spec: object = {}, container: object = {}): PodDraft {
  return {
    metadata: { name },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ ...pod.containers[0], securityContext: hardened, ...container }],
      ...spec,
    },
  }
}

export const contentTypes = {
  json: 'application/json',
  jsonPatch: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

export class SecuredApi implements AsyncDisposable {
  readonly server: ApiServer
  readonly store: Store
  readonly signer: Signer
  readonly events: AuditEvent[]
  /** All log lines, at debug level. */
  readonly logLines: string[]
  readonly metrics: Registry
  /** As after a change of the files. */
  readonly replace: ReplaceConfiguration
  /** If set, every write is refused with it. */
  auditRefusal: AuditFailure | undefined
  readonly #stop: AbortController
  readonly #waiting: Set<() => void>

  private constructor(parts: {
    server: ApiServer
    store: Store
    signer: Signer
    events: AuditEvent[]
    logLines: string[]
    metrics: Registry
    replace: ReplaceConfiguration
    waiting: Set<() => void>
    stop: AbortController
  }) {
    this.server = parts.server
    this.store = parts.store
    this.signer = parts.signer
    this.events = parts.events
    this.logLines = parts.logLines
    this.metrics = parts.metrics
    this.replace = parts.replace
    this.#waiting = parts.waiting
    this.#stop = parts.stop
  }

  static async open({
    profile = 'secure',
    clock = systemClock,
    policies,
    admission,
    authorization,
    tokenWebhook,
    features,
    authentication,
    bootstrapTokens = false,
    audited,
    store: given,
    signer: givenSigner,
    witnessNodes,
  }: {
    profile?: Profile
    clock?: Clock
    policies?: PolicyFolder
    admission?: AdmissionSettings
    authorization?: AuthorizationConfiguration
    tokenWebhook?: TokenWebhookSettings
    features?: Features
    authentication?: AuthenticationConfiguration
    bootstrapTokens?: boolean
    /** Replaces `events`. */
    audited?: AuditSink
    /** Replaces the one in memory. The caller closes it. */
    store?: Store
    /** Replaces one of its own. The caller closes it. */
    signer?: Signer
    witnessNodes?: NonNullable<ControlPlaneOptions['witnessNodes']>
  } = {}): Promise<SecuredApi> {
    const stop = new AbortController()
    const logLines: string[] = []
    const waiting = new Set<() => void>()
    const events: AuditEvent[] = []
    const write = (line: string) => {
      logLines.push(line)
      for (const look of waiting) look()
    }
    const log = createLogger({ level: 'debug', destination: { write } })
    const signer = givenSigner ?? (await sharedKeySigner(clock))
    const store = given ?? (await bootstrappedStore({ clock, log }, { profile, features, namespaceDefaults: false }))
    let opened: SecuredApi | undefined
    const audit = {
      record: (event: AuditEvent) => void events.push(event),
      refusal: () => opened?.auditRefusal,
    }
    const metrics = createRegistry()
    let replace: ReplaceConfiguration = { authentication: undefined, authorization: undefined }
    const reloads = (given: ReplaceConfiguration) => {
      replace = given
    }
    const wired = { store, signer, audit: audited ?? audit, profile, clock, log, metrics, reloads, signal: stop.signal }
    const server = await openControlPlane({
      ...wired,
      ...(policies ? { policies } : {}),
      ...(admission ? { admission } : {}),
      ...(authorization ? { authorization } : {}),
      ...(tokenWebhook ? { tokenWebhook } : {}),
      ...(features ? { features } : {}),
      ...(authentication ? { authentication } : {}),
      ...(witnessNodes ? { witnessNodes } : {}),
      bootstrapTokens,
      serviceCidr: testServiceCidr,
    })
    await bootstrap({ server, store, signer, namespaceDefaults: false, signal: stop.signal })
    opened = new SecuredApi({ server, store, signer, events, logLines, metrics, replace, waiting, stop })
    return opened
  }

  /** As this user, without authentication. */
  async request(user: UserInfo, method: string, path: string, body?: unknown, contentType?: string): Promise<Answer> {
    const bytes = body === undefined ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
    const type = contentType ?? (method === 'PATCH' ? contentTypes.merge : contentTypes.json)
    return await readAll(await this.send({ method, url: path, identity: user, headers: { 'content-type': type }, body: async () => bytes }))
  }

  /** As from the network: only the credentials identify the user. */
  async present(credentials: Partial<ServerRequest['credentials']>, path: string, more: Partial<ServerRequest> = {}): Promise<Answer> {
    return await readAll(await this.send({ url: path, credentials: { remoteAddress: '192.0.2.1', ...credentials }, ...more }))
  }

  /** Resolves before the body is read; the caller calls `done`. */
  send(request: Partial<ServerRequest>): Promise<FinalReply> {
    return answerOf(this.server.handle, { signal: this.#stop.signal, ...request })
  }

  /** Creates as the administrator and fails the test if it is refused. */
  async create(path: string, object: object): Promise<Answer['json']> {
    const { status, text, json } = await this.request(admin, 'POST', path, object)
    if (status !== 201) throw new Error(`create at ${path} answered ${status}: ${text}`)
    return json
  }

  /** A client certificate of this subject, as the TLS layer passes it. */
  async certificate(commonName: string, organizations: readonly string[] = [], more: Partial<CertificateRequest> = {}): Promise<Buffer> {
    const { csr } = await createKeyAndCsr({ commonName, organizations })
    const names = { dnsNames: [], ipAddresses: [], lifetimeSeconds: 3600 }
    const request: CertificateRequest = { authority: 'client', csr, commonName, organizations, ...names, ...more }
    return new X509Certificate(await this.signer.issueCertificate(request, this.#stop.signal)).raw
  }

  /** Resolves when a line with this text was logged. */
  untilLogged(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => {
      if (!this.logLines.some(line => line.includes(text))) return
      this.#waiting.delete(look)
      resolve()
    }
    this.#waiting.add(look)
    look()
    return promise
  }

  /** A token of this account, from the TokenRequest API. */
  async token(namespace: string, account: string, spec: object = {}): Promise<string> {
    const { status, json, text } = await this.request(admin, 'POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
      spec,
    })
    if (status !== 201) throw new Error(`token answered ${status}: ${text}`)
    return json.status.token
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the test is done'))
    await this.server[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
    await this.signer[Symbol.asyncDispose]()
  }
}

export async function readAll(reply: FinalReply): Promise<Answer> {
  const { body } = reply
  const chunks: Buffer[] = []
  if (typeof body !== 'function') chunks.push(joined(body))
  else {
    const sink = { write: (chunk: Buffer) => chunks.push(chunk) > 0, drained: async () => undefined }
    await body(sink, new AbortController().signal)
  }
  const text = Buffer.concat(chunks).toString()
  reply.done({ bytes: text.length, cut: false })
  const isJson = reply.contentType.includes('json') && text !== ''
  return { status: reply.status, headers: reply.headers ?? {}, warnings: reply.warnings, text, json: isJson ? JSON.parse(text) : undefined }
}
