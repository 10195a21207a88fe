// The node's certificate for the API server: the stored one or one from a ticket, then renewed with itself.
import { isReason } from '../../api/status.ts'
import { keepRenewed, validityOf } from '../../base/async/renewal.ts'
import type { Clock } from '../../base/clock.ts'
import type { Secret } from '../../base/config/secret.ts'
import type { Logger } from '../../base/log.ts'
import { Client } from '../../client/client.ts'
import { nodes } from '../../client/resources.ts'
import { createHttpTransport, type HttpTransport } from '../../client/transport/http-transport.ts'
import type { ServerChoice } from '../../client/transport/server-choice.ts'
import { type NodeIdentity, readIdentity } from './identity-file.ts'
import { requestIdentity } from './join.ts'

export interface NodeIdentityOptions {
  readonly nodeName: string
  /** `https://host:port` of the API server. */
  readonly server: string
  /** PEM of the CA of the server's certificate. */
  readonly ca: string
  readonly serverName?: string
  /** All servers that are known; default: the one. */
  readonly servers?: ServerChoice
  /** Needed only when the node has no valid certificate of its own. */
  readonly ticket?: Secret
  /** The folder of certificate and key. */
  readonly pki: string
  readonly userAgent: string
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
}

export class StoredIdentity implements AsyncDisposable {
  /** Always uses the newest certificate; requests on an older connection continue there. */
  readonly transport: HttpTransport
  readonly #options: NodeIdentityOptions
  #current: NodeIdentity
  #changed = Promise.withResolvers<void>()

  private constructor(options: NodeIdentityOptions, identity: NodeIdentity) {
    this.#options = options
    this.#current = identity
    const { server, ca, serverName, servers, userAgent } = options
    const several = servers === undefined ? {} : { servers }
    this.transport = createHttpTransport({ ...addressOf({ server, ca, serverName }), ...several, identity: () => this.#current, userAgent })
  }

  /** Rejects with one sentence if there is neither a valid certificate nor a ticket, or the ticket is refused. */
  static async open(options: NodeIdentityOptions, signal: AbortSignal): Promise<StoredIdentity> {
    const { ticket, nodeName, pki, clock, log } = options
    const stored = await readIdentity(pki, nodeName, clock.now())
    if (stored && !(ticket && (await isDenied(options, stored, signal)))) return new StoredIdentity(options, stored)
    if (!ticket) throw new Error(`Cannot join: node "${nodeName}" has no valid certificate, give it a join ticket`)
    await using transport = createHttpTransport({ ...addressOf(options), token: () => ticket.reveal() })
    return new StoredIdentity(options, await requestIdentity({ client: new Client(transport), pki, nodeName, clock, log }, signal))
  }

  get current(): NodeIdentity {
    return this.#current
  }

  /** Resolves at the next renewal. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  /** Runs until the signal. */
  async keepRenewed(signal: AbortSignal): Promise<void> {
    const { nodeName, pki, clock, log, random } = this.#options
    const client = new Client(this.transport)
    await keepRenewed(
      {
        ...{ name: nodeName, clock, log, random },
        validity: () => validityOf(this.#current.certificate),
        renew: async until => {
          this.#current = await requestIdentity({ client, pki, nodeName, clock, log }, until)
          this.transport.reconnect()
          this.#changed.resolve()
          this.#changed = Promise.withResolvers()
        },
      },
      signal,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport[Symbol.asyncDispose]()
  }
}

/**
 * Whether the API server rejects this certificate because its Node was deleted. Any other answer, or none, does not count. Called only if
 * there is a ticket to use instead.
 */
async function isDenied(options: NodeIdentityOptions, stored: NodeIdentity, signal: AbortSignal): Promise<boolean> {
  const { nodeName, userAgent, log } = options
  await using transport = createHttpTransport({ ...addressOf(options), identity: () => stored, userAgent })
  try {
    await new Client(transport).get(nodes, '', nodeName, signal)
    return false
  } catch (err) {
    signal.throwIfAborted()
    if (!isReason(err, 'Unauthorized')) return false
    log.info('the certificate of this node is denied, joining with the ticket', { node: nodeName })
    return true
  }
}

function addressOf({ server, ca, serverName }: Pick<NodeIdentityOptions, 'server' | 'ca'> & { readonly serverName?: string | undefined }) {
  return { server, ca, ...(serverName === undefined ? {} : { serverName }) }
}
