// A client of one CSI driver on a unix socket: typed calls with a deadline; whatever the driver answers is bounded and read by the table.

import { GrpcFailure, UnaryClient } from '../grpc/unary-client.ts'
import { UserError } from '../user-error.ts'
import { CsiError, grpcCodes, safeDetails } from './csi-error.ts'
import { csiMessages } from './csi-messages.ts'
import { type CsiAnswer, type CsiMethod, type CsiRequest, csiMethods } from './csi-methods.ts'
import { csiTable } from './csi-table.ts'
import { readMessage } from './read-message.ts'

/** Of one call, to every driver. Sidecars have 15 s by default, the kubelet 2 minutes. */
const csiCallMs = 60_000
/** Of one answer: a page of volumes. */
export const maxAnswerBytes = 4 * 2 ** 20

export interface CsiClientOptions {
  /** The driver's name for errors. */
  readonly driver: string
  readonly socket: string
  /** Default `csiCallMs`. */
  readonly timeoutMs?: number
}

/** Implementations call one driver. */
export interface CsiCalls {
  /** Rejects with CsiError, or with the signal's reason. */
  call<M extends CsiMethod>(method: M, request: CsiRequest<M>, signal: AbortSignal): Promise<CsiAnswer<M>>
}

export class CsiClient implements CsiCalls, Disposable {
  readonly #driver: string
  readonly #timeoutMs: number
  readonly #client: UnaryClient

  constructor({ driver, socket, timeoutMs = csiCallMs }: CsiClientOptions) {
    this.#driver = driver
    this.#timeoutMs = timeoutMs
    this.#client = new UnaryClient({ table: csiTable, socket, maxAnswerBytes })
  }

  async call<M extends CsiMethod>(method: M, request: CsiRequest<M>, signal: AbortSignal): Promise<CsiAnswer<M>> {
    const [, , answer] = csiMethods[method]
    try {
      // The names of the messages are those of the method in the table, from which CsiAnswer is derived.
      return readMessage(answer, await this.#client.call(method, request, this.#timeoutMs, signal)) as CsiAnswer<M>
    } catch (err) {
      if (err instanceof GrpcFailure) {
        const details = safeDetails(err.details, secretsOf(method, request))
        throw new CsiError(this.#driver, method, grpcCodes[err.code] ?? 'UNKNOWN', details, { cause: err })
      }
      if (err instanceof UserError) throw new CsiError(this.#driver, method, 'OK', safeDetails(err.message, []), { cause: err })
      throw err
    }
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]()
  }
}

/** The secret values of a request. No message nests them. */
export function secretsOf<M extends CsiMethod>(method: M, request: CsiRequest<M>): readonly string[] {
  const [, name] = csiMethods[method]
  const given: Readonly<Record<string, unknown>> = request
  return Object.entries(csiMessages[name])
    .filter(([, text]: [string, string]) => text.endsWith(' secrets'))
    .flatMap(([field]) => Object.values(given[field] ?? {}))
    .filter(value => typeof value === 'string')
}
