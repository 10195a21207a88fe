// Sends reviews to webhooks: to a URL, or to a pod of a Service through the tunnel of its node. Always verifies TLS, follows no redirects,
// and limits the response.
import type { IncomingMessage } from 'node:http'
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import type { CallParts } from '../../../admission/webhook/call-hook.ts'
import { type ClientIdentities, identityFor } from '../../../admission/webhook/client-identity.ts'
import { kubernetesVersion } from '../../../api/kubernetes-version.ts'
import { ApiError } from '../../../api/status.ts'
import type { ServiceReference, WebhookClientConfig } from '../../../api/types/admissionregistration-v1.ts'
import { deadline, untilAborted } from '../../../base/async/abort.ts'
import type { Clock } from '../../../base/clock.ts'
import { AnswerError } from '../../../base/net/answer-error.ts'
import { answerHead } from '../../../base/net/answer-head.ts'
import type { WebhookEndpoint, WebhookIdentity } from '../../../base/net/webhook-endpoint.ts'
import { messageOf } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { AnswerTooLarge, boundedAnswer } from '../../http/bounded-answer.ts'
import { certificateFault, serverTrust } from '../../http/server-trust.ts'

interface ReviewSender extends Disposable {
  send: CallParts['sender']['send']
  post: CallParts['sender']['post']
  /** Closes idle connections now, and busy ones after their response. */
  release(endpoint: WebhookEndpoint): void
}

/** Bytes of a response without its headers. */
const maxAnswerBytes = 3 * 1024 * 1024
const maxHeaderBytes = 64 * 1024
/** An idle connection is kept for this long. */
const idleMs = 30_000
/** Idle connections per webhook. */
const maxIdle = 4
/** Webhooks with idle connections; beyond it the webhook that was added first is dropped. */
const maxAgents = 100

/** TLS of a connection to a service, in PEM; undefined for the system's authorities, and for no client certificate. */
export interface ServiceTls {
  readonly authorities: string | undefined
  readonly client?: { readonly cert: string; readonly key: string }
}

export interface ReviewSenderParts {
  /** Measures the timeout of a webhook. */
  readonly clock: Clock
  /** A verified TLS connection to a pod of the service. Rejects with an Error with the reason. */
  connectService(service: ServiceReference, tls: ServiceTls, signal: AbortSignal): Promise<Duplex>
}

interface Destination {
  /** The URL for messages, with the timeout that is sent to the webhook. */
  readonly url: URL
  readonly agent: Agent
  readonly authorization?: string | undefined
}

export function createReviewSender(parts: ReviewSenderParts): ReviewSender {
  const agents = new Map<string, Agent>()
  const agentFor = (key: string, make: () => Agent): Agent => {
    const known = agents.get(key)
    if (known !== undefined) return known
    const [first] = agents.size < maxAgents ? [] : agents.keys()
    if (first !== undefined) {
      agents.get(first)?.destroy()
      agents.delete(first)
    }
    const made = make()
    agents.set(key, made)
    return made
  }
  const base: AgentOptions = { keepAlive: true, maxFreeSockets: maxIdle, timeout: idleMs, minVersion: 'TLSv1.2' }
  const destinationOf = ({ url, service, caBundle = '' }: WebhookClientConfig, identities: ClientIdentities): Destination => {
    const authorities = caBundle === '' ? undefined : Buffer.from(caBundle, 'base64').toString()
    if (service !== undefined) {
      const { namespace, name, port = 443, path = '' } = service
      const target = new URL(`https://${name}.${namespace}.svc:${port}${path}`)
      const identity = identityFor(identities, target.hostname, String(port))
      const tls = { authorities, ...clientOf(identity) }
      const key = agentKey(`${namespace}/${name}:${port}`, caBundle, identity)
      return {
        url: target,
        agent: agentFor(key, () => new ServiceAgent(base, parts, service, tls)),
        authorization: identity?.authorization,
      }
    }
    const target = new URL(url ?? '')
    return direct(target, authorities, identityFor(identities, target.hostname, portOf(target)), undefined)
  }
  const direct = (
    url: URL,
    authorities: string | undefined,
    identity: WebhookIdentity | undefined,
    serverName: string | undefined,
  ): Destination => {
    const options: AgentOptions = {
      ...base,
      ...serverTrust(authorities),
      ...clientOf(identity).client,
      ...(serverName === undefined ? {} : { servername: serverName }),
    }
    const key = agentKey(url.origin, authorities ?? '', identity)
    return { url, agent: agentFor(key, () => new Agent(options)), authorization: identity?.authorization }
  }
  const deliver = async (destination: Destination, body: Buffer, timeoutSeconds: number, signal: AbortSignal): Promise<Buffer> => {
    const { url } = destination
    using limit = deadline(parts.clock, timeoutSeconds * 1000)
    try {
      return await post(destination, body, AbortSignal.any([signal, limit.signal]))
    } catch (err) {
      signal.throwIfAborted()
      if (err instanceof AnswerError || err instanceof AnswerTooLarge) throw err
      const why = limit.signal.aborted ? 'context deadline exceeded' : reasonOf(err, url)
      throw new Error(`Post ${writeJson(shownUrl(url))}: ${why}`, { cause: err })
    }
  }
  return {
    async send(client, body, timeoutSeconds, signal, identities = new Map()) {
      const destination = destinationOf(client, identities)
      destination.url.searchParams.set('timeout', `${timeoutSeconds}s`)
      return await deliver(destination, body, timeoutSeconds, signal)
    },
    async post({ url, authorities, serverName, identity }, body, timeoutSeconds, signal) {
      return await deliver(direct(new URL(url), authorities, identity, serverName), body, timeoutSeconds, signal)
    },
    release({ url, authorities, identity }) {
      const key = agentKey(new URL(url).origin, authorities ?? '', identity)
      const agent = agents.get(key)
      agents.delete(key)
      for (const socket of Object.values(agent?.freeSockets ?? {}).flat()) socket?.destroy()
      // Other connections are not pooled.
      if (agent !== undefined) agent.maxFreeSockets = 0
    },
    [Symbol.dispose]() {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
    },
  }
}

const portOf = ({ port }: URL): string => (port === '' ? '443' : port)

/** A connection is reused only for the same target and TLS settings. */
const agentKey = (target: string, authorities: string, identity: WebhookIdentity | undefined): string =>
  `${target} ${authorities} ${identity?.certificate ?? ''}`

function clientOf(identity: WebhookIdentity | undefined): { readonly client?: { readonly cert: string; readonly key: string } } {
  const { certificate, key } = identity ?? {}
  return certificate === undefined || key === undefined ? {} : { client: { cert: certificate, key } }
}

/** As Go shows it: with the port of the service, even if it is the scheme's default. */
function shownUrl(url: URL): string {
  return url.hostname.endsWith('.svc') && url.port === '' ? url.href.replace(url.host, `${url.host}:443`) : url.href
}

/** Connections to the pods of one service. */
class ServiceAgent extends Agent {
  readonly #connect: (signal: AbortSignal) => Promise<Duplex>

  constructor(options: AgentOptions, parts: ReviewSenderParts, service: ServiceReference, tls: ServiceTls) {
    super(options)
    this.#connect = signal => parts.connectService(service, tls, signal)
  }

  override createConnection(options: { readonly signal?: AbortSignal }, callback?: (err: Error | null, stream: Duplex) => void): undefined {
    const { signal = new AbortController().signal } = options
    this.#connect(signal).then(
      stream => callback?.(null, stream),
      // With an error, the callback gets no stream.
      (err: Error) => callback?.(err, undefined as unknown as Duplex),
    )
  }
}

/** The signal ends the wait regardless of the connection. */
async function post(destination: Destination, body: Buffer, signal: AbortSignal): Promise<Buffer> {
  try {
    return await untilAborted(postOnce(destination, body, signal), signal)
  } catch (err) {
    // A pooled connection that was closed meanwhile is no error of the webhook.
    if (!(err instanceof StaleConnection)) throw err
    return await untilAborted(postOnce(destination, body, signal), signal)
  }
}

class StaleConnection extends Error {}

async function postOnce({ url, agent, authorization }: Destination, body: Buffer, signal: AbortSignal): Promise<Buffer> {
  const outgoing = httpsRequest(url, {
    method: 'POST',
    agent,
    signal,
    maxHeaderSize: maxHeaderBytes,
    rejectUnauthorized: true,
    headers: {
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': body.length,
      ...(authorization === undefined ? {} : { authorization }),
      'user-agent': `kube-apiserver-admission/${kubernetesVersion}`,
    },
  })
  const answer = answerHead(outgoing)
  outgoing.end(body)
  try {
    return await readBody(await answer)
  } catch (err) {
    outgoing.destroy()
    throw outgoing.reusedSocket && isReset(err) ? new StaleConnection('', { cause: err }) : err
  }
}

const isReset = (err: unknown): boolean => err instanceof Error && 'code' in err && (err.code === 'ECONNRESET' || err.code === 'EPIPE')

/** Reads nothing of an unsuccessful response: users who choose the address must not learn what is there (CVE-2020-8561). */
async function readBody(message: IncomingMessage): Promise<Buffer> {
  const { statusCode = 0 } = message
  if (statusCode < 200 || statusCode > 299) throw new AnswerError(statusText(statusCode), statusCode)
  return await boundedAnswer(message, maxAnswerBytes)
}

function statusText(code: number): string {
  if (code === 404) return 'the server could not find the requested resource'
  if (code >= 500) return `an error on the server (status code ${code}) has prevented the request from succeeding`
  return `the server responded with the status code ${code} but did not return more information`
}

/** The message of Go's client. */
function reasonOf(err: unknown, { hostname, port }: URL): string {
  if (err instanceof ApiError) return err.message.replace('error trying to reach service: ', '')
  const code = err instanceof Error && 'code' in err ? String(err.code) : ''
  const address = `${hostname}:${port === '' ? '443' : port}`
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${address}: connect: connection refused`
    case 'EHOSTUNREACH':
      return `dial tcp ${address}: connect: no route to host`
    case 'ENOTFOUND':
      return `dial tcp: lookup ${hostname}: no such host`
    case 'ECONNRESET':
      return 'EOF'
    default:
      return certificateFault(err) ?? messageOf(err)
  }
}
