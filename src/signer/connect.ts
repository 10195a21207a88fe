// A Signer that asks the signer process over its unix socket, and comes back by itself when that process restarts.
import { createConnection, type Socket } from 'node:net'
import { type Clock, pause, systemClock } from '../base/clock.ts'
import { isJsonObject } from '../base/json.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { createFrameReader, encodeFrame } from './frame.ts'
import { PolicyViolation, type SignerMethod } from './policy.ts'
import { auditHeadFields, auditHeadParam, maxTokenBatch, parseAnswer } from './protocol.ts'
import type { Signer, TokenKey } from './signer.ts'

export interface ConnectSignerOptions {
  readonly clock?: Clock
  readonly log?: Logger
}

interface Waiting {
  readonly frame: Buffer
  readonly resolve: (result: unknown) => void
  readonly reject: (err: unknown) => void
}

const firstDelayMs = 20
const maxDelayMs = 2000
const maxWaiting = 10_000

/** Nobody gave the answer that the protocol promises. */
const badAnswer = () => new Error('Cannot use the signer: its answer is malformed')

/**
 * Connects at the first request. Requests that are open when the connection breaks are sent again on the next one (each of them may be done twice
 * without harm), until their signal ends them. Rejects with `PolicyViolation` where the role's policy refuses.
 */
export function connectSigner(path: string, { clock = systemClock, log = silentLogger }: ConnectSignerOptions = {}): Signer {
  const closing = new AbortController()
  const waiting = new Map<number, Waiting>()
  let socket: Socket | undefined
  let connected = false
  let retrying = false
  let delayMs = firstDelayMs
  let nextId = 1

  const open = () => {
    const opening = createConnection(path)
    socket = opening
    const read = createFrameReader(value => {
      const answer = parseAnswer(value)
      const request = answer === undefined ? undefined : waiting.get(answer.id)
      if (answer === undefined || request === undefined) return
      waiting.delete(answer.id)
      if (!('error' in answer)) return request.resolve(answer.result)
      const { rule, message } = answer.error
      request.reject(rule === undefined ? new Error(message) : new PolicyViolation(rule, message))
    })
    opening.once('connect', () => {
      connected = true
      delayMs = firstDelayMs
      for (const { frame } of waiting.values()) opening.write(frame)
    })
    opening.on('data', chunk => {
      try {
        read(chunk)
      } catch (err) {
        opening.destroy(err instanceof Error ? err : undefined)
      }
    })
    opening.on('error', err => log.debug('signer connection lost', { path, err }))
    opening.once('close', () => {
      connected = false
      socket = undefined
      if (!closing.signal.aborted && waiting.size > 0) void reopen()
    })
    // An idle connection is no reason for a process to stay.
    opening.unref()
  }

  const reopen = async () => {
    if (retrying) return
    retrying = true
    const wait = delayMs
    delayMs = Math.min(delayMs * 2, maxDelayMs)
    await pause(clock, wait, closing.signal)
    retrying = false
    if (!closing.signal.aborted && socket === undefined && waiting.size > 0) open()
  }

  const call = (method: SignerMethod, params: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const stop = AbortSignal.any([signal, closing.signal])
      if (stop.aborted) return reject(stop.reason)
      if (waiting.size >= maxWaiting) return reject(new Error(`Cannot use the signer: ${maxWaiting} requests wait already`))
      const id = nextId++
      const frame = encodeFrame({ id, method, params })
      const onAbort = () => {
        waiting.delete(id)
        reject(stop.reason)
      }
      stop.addEventListener('abort', onAbort, { once: true })
      const done = () => {
        stop.removeEventListener('abort', onAbort)
        if (waiting.size === 0) socket?.unref()
      }
      waiting.set(id, {
        frame,
        resolve: result => {
          done()
          resolve(result)
        },
        reject: err => {
          done()
          reject(err)
        },
      })
      if (socket === undefined && !retrying) open()
      socket?.ref()
      if (connected) socket?.write(frame)
    })

  const signToken = createTokenBatcher(async batch => {
    const tokens = await call('signTokens', { claims: batch }, closing.signal)
    if (!Array.isArray(tokens) || tokens.length !== batch.length) throw badAnswer()
    return tokens.map(text)
  })

  return {
    authority: async (name, signal) => text(await call('authority', { name }, signal)),
    issueCertificate: async (request, signal) =>
      text(await call('issueCertificate', { ...request, csr: request.csr.toString('base64') }, signal)),
    tokenKeys: async signal => {
      const keys = await call('tokenKeys', {}, signal)
      if (!Array.isArray(keys)) throw badAnswer()
      return keys.map(tokenKey)
    },
    async signToken(claims, signal) {
      signal.throwIfAborted()
      return abortable(signToken(claims), signal)
    },
    async wrapKey(key, signal) {
      const answer = fields(await call('wrapKey', { key: key.toString('base64') }, signal))
      return { id: text(answer['id']), wrapped: Buffer.from(text(answer['wrapped']), 'base64') }
    },
    unwrapKey: async (wrapped, signal) =>
      Buffer.from(text(await call('unwrapKey', { wrapped: wrapped.toString('base64') }, signal)), 'base64'),
    async signAuditHead(head, signal) {
      const answer = fields(await call('signAuditHead', auditHeadFields(head), signal))
      return { keyId: text(answer['keyId']), signature: Buffer.from(text(answer['signature']), 'base64') }
    },
    async auditKey(signal) {
      const answer = fields(await call('auditKey', {}, signal))
      const { signedHead } = answer
      return {
        keyId: text(answer['keyId']),
        publicKey: text(answer['publicKey']),
        signedHead: signedHead === undefined ? undefined : auditHeadParam(fields(signedHead)),
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the connection to the signer is closed'))
      socket?.destroy()
    },
  }
}

type Claims = Readonly<Record<string, unknown>>

/** Tokens asked for in the same turn go in one request, so that a burst costs few round trips. */
function createTokenBatcher(signBatch: (batch: readonly Claims[]) => Promise<readonly string[]>): (claims: Claims) => Promise<string> {
  let queue: { readonly claims: Claims; readonly resolve: (token: string) => void; readonly reject: (err: unknown) => void }[] = []
  const flush = () => {
    const all = queue
    queue = []
    for (let at = 0; at < all.length; at += maxTokenBatch) {
      const part = all.slice(at, at + maxTokenBatch)
      signBatch(part.map(({ claims }) => claims)).then(
        tokens => {
          for (const [i, { resolve }] of part.entries()) resolve(tokens[i] ?? '')
        },
        // One refused token must not take the others with it: they are asked for one by one.
        err => {
          for (const { claims, resolve, reject } of part) {
            if (part.length === 1) reject(err)
            else signBatch([claims]).then(([token = '']) => resolve(token), reject)
          }
        },
      )
    }
  }
  return claims =>
    new Promise((resolve, reject) => {
      queue.push({ claims, resolve, reject })
      if (queue.length === 1) queueMicrotask(flush)
    })
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw badAnswer()
  return value
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (!isJsonObject(value)) throw badAnswer()
  return value
}

function tokenKey(value: unknown): TokenKey {
  const key = fields(value)
  if (key['algorithm'] !== 'ES256') throw badAnswer()
  return { keyId: text(key['keyId']), algorithm: 'ES256', publicKey: text(key['publicKey']) }
}
