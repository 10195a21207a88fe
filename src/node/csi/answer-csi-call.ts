// Calls of the controllers that come through the node's tunnel: forwards one to a driver of this node (docs/adr/0031-csi-controller-calls.md).
import type { ServerHttp2Stream } from 'node:http2'
import type { CsiCallResult } from '../../api/nodes/csi-call-path.ts'
import { maxCsiRequestBytes, readCsiTunnelPath } from '../../api/nodes/csi-call-path.ts'
import { apiError, badRequest, notFound } from '../../api/status.ts'
import { CsiError } from '../../base/csi/csi-error.ts'
import { type CsiRequest, csiMethods } from '../../base/csi/csi-methods.ts'
import { readMessage } from '../../base/csi/read-message.ts'
import { parseJson } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { CsiDrivers } from './csi-drivers.ts'

/** To one driver at a time. */
export const maxForwardedCalls = 16
/** Arrays and objects of a request nest less deeply. */
const maxDepth = 16

const driverResource = { group: 'storage.k8s.io', plural: 'csidrivers' }

export class ForwardedCsiCalls {
  readonly #drivers: CsiDrivers
  readonly #running = new Map<string, number>()

  constructor(drivers: CsiDrivers) {
    this.#drivers = drivers
  }

  /** Answers with the head at once: the call may take a minute. Rejects with ApiError for a request that is not forwarded. */
  async answer(stream: ServerHttp2Stream, method: string | undefined, path: string, signal: AbortSignal): Promise<void> {
    const asked = readCsiTunnelPath(path)
    if (asked === undefined) throw badRequest('the path names no call of a CSI driver that may be forwarded')
    if (method !== 'POST') throw apiError(405, 'MethodNotAllowed', `method ${method} is not allowed for calls of CSI drivers`)
    const driver = this.#drivers.get(asked.driver)
    if (driver === undefined) throw notFound(driverResource, asked.driver)
    const request = readRequest(asked.method, await bodyOf(stream))
    const running = this.#running.get(asked.driver) ?? 0
    if (running >= maxForwardedCalls)
      throw apiError(429, 'TooManyRequests', `driver "${asked.driver}" already has ${maxForwardedCalls} calls of controllers on this node`)
    this.#running.set(asked.driver, running + 1)
    try {
      stream.respond({ ':status': 200, 'content-type': 'application/json' })
      stream.end(writeJson(await resultOf(driver.calls.call(asked.method, request, signal))))
    } finally {
      const left = (this.#running.get(asked.driver) ?? 1) - 1
      if (left === 0) this.#running.delete(asked.driver)
      else this.#running.set(asked.driver, left)
    }
  }
}

async function resultOf(call: Promise<unknown>): Promise<CsiCallResult> {
  try {
    return { answer: await call }
  } catch (err) {
    if (err instanceof CsiError) return { failed: { code: err.code, details: err.details } }
    throw err
  }
}

async function bodyOf(stream: ServerHttp2Stream): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    // Read to its end: a loop that is left destroys the stream, and with it the answer.
    if (bytes <= maxCsiRequestBytes) chunks.push(chunk)
  }
  if (bytes > maxCsiRequestBytes) throw badRequest(`the request has more than ${maxCsiRequestBytes} bytes`)
  return Buffer.concat(chunks).toString('utf8')
}

/** @internal Throws a 400 for what is not the request message of the method. */
export function readRequest<M extends keyof typeof csiMethods>(method: M, text: string): CsiRequest<M> {
  const [, name] = csiMethods[method]
  try {
    if (isDeep(text)) throw new UserError(`it nests deeper than ${maxDepth} levels`)
    // The message is that of the method in the table, from which CsiRequest is derived.
    return readMessage(name, parseJson(text)) as CsiRequest<M>
  } catch (err) {
    if (err instanceof UserError || err instanceof SyntaxError)
      throw badRequest(`the request is no ${name}: ${err instanceof UserError ? err.message : 'it is not JSON'}`)
    throw err
  }
}

/** Before it is parsed. */
function isDeep(text: string): boolean {
  let depth = 0
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const mark = text[at]
    if (isText && mark === '\\') at++
    else if (mark === '"') isText = !isText
    else if (!isText && (mark === '{' || mark === '[') && ++depth > maxDepth) return true
    else if (!isText && (mark === '}' || mark === ']')) depth--
  }
  return false
}
