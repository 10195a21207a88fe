// A Signer that calls the signer process over its unix socket.
import { type Clock, systemClock } from '../base/clock.ts'
import { isJsonObject } from '../base/json.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { FrameConnection, type FramePeer } from '../base/net/frame-connection.ts'
import { checkCsrSize, type SignerMethod } from './policy.ts'
import {
  auditTreeFields,
  auditTreeParam,
  backupHeadParam,
  failureError,
  parseAnswer,
  parseTokenResults,
  storeHeadFields,
  storeHeadParam,
  volumeKeyFields,
} from './protocol.ts'
import type { Signer, TokenKey } from './signer.ts'
import { SignerFailure } from './signer-failure.ts'
import { createTokenBatches } from './token-batches.ts'

export interface ConnectSignerOptions {
  readonly clock?: Clock
  readonly log?: Logger
}

/** Requests that are idempotent and contain no text chosen by a client are retried, up to this many tries. */
const maxTries = 3

const signerPeer: FramePeer = {
  name: 'the signer',
  parseAnswer(value) {
    const answer = parseAnswer(value)
    if (answer === undefined || !('error' in answer)) return answer
    return { id: answer.id, error: failureError(answer.error) }
  },
  failure: (why, message) => new SignerFailure(why, message),
}

/** The answer does not follow the protocol. */
const badAnswer = () => new Error('Cannot use the signer: its answer is malformed')

/**
 * Requests wait for the signer until their signal ends them. If the connection breaks while a certificate or token is being issued, the
 * request rejects with a `SignerFailure`, and the caller may ask again. Rejects with `PolicyViolation` if the role's policy refuses it.
 */
export function connectSigner(path: string, { clock = systemClock, log = silentLogger }: ConnectSignerOptions = {}): Signer {
  const connection = new FrameConnection({ path, peer: signerPeer, clock, log })
  const closed = new AbortController()

  const repeatable = async (method: SignerMethod, params: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<unknown> => {
    for (let tries = 1; ; tries++) {
      try {
        return await connection.call(method, params, signal)
      } catch (err) {
        if (!(err instanceof SignerFailure) || err.why !== 'lost' || tries >= maxTries) throw err
      }
    }
  }

  const signToken = createTokenBatches(async batch => {
    let count = 0
    const params = () => {
      const claims = batch()
      count = claims.length
      return { claims }
    }
    const results = parseTokenResults(await connection.call('signTokens', params, closed.signal))
    if (results?.length !== count) throw badAnswer()
    return results
  })

  return {
    authority: async (name, signal) => text(await repeatable('authority', { name }, signal)),
    async issueCertificate(request, signal) {
      checkCsrSize(request.csr)
      return text(await connection.call('issueCertificate', { ...request, csr: request.csr.toString('base64') }, signal))
    },
    tokenKeys: async signal => {
      const keys = await repeatable('tokenKeys', {}, signal)
      if (!Array.isArray(keys)) throw badAnswer()
      return keys.map(tokenKey)
    },
    signToken,
    async wrapKey(key, signal) {
      const answer = fields(await repeatable('wrapKey', { key: key.toString('base64') }, signal))
      return { id: text(answer['id']), wrapped: Buffer.from(text(answer['wrapped']), 'base64') }
    },
    unwrapKey: async (wrapped, signal) =>
      Buffer.from(text(await repeatable('unwrapKey', { wrapped: wrapped.toString('base64') }, signal)), 'base64'),
    async signAuditCheckpoint(tree, proof, signal) {
      const params = { ...auditTreeFields(tree), proof: proof.map(hash => hash.toString('base64')) }
      const answer = fields(await repeatable('signAuditCheckpoint', params, signal))
      return { note: text(answer['note']), epoch: text(answer['epoch']) }
    },
    async keepStoreHead(head, signal) {
      await repeatable('keepStoreHead', storeHeadFields(head), signal)
    },
    async storeHead(signal) {
      const { head } = fields(await repeatable('storeHead', {}, signal))
      return head === undefined ? undefined : storeHeadParam(fields(head))
    },
    async auditKey(signal) {
      const answer = fields(await repeatable('auditKey', {}, signal))
      const signed = answer['signed'] === undefined ? undefined : fields(answer['signed'])
      return {
        keyId: text(answer['keyId']),
        publicKey: text(answer['publicKey']),
        origin: text(answer['origin']),
        logKey: text(answer['logKey']),
        rootKey: text(answer['rootKey']),
        epoch: text(answer['epoch']),
        signed: signed && { ...auditTreeParam(signed), note: text(signed['note']) },
      }
    },
    async signEvidence(statement, signal) {
      const answer = fields(await repeatable('signEvidence', { statement: statement.toString('base64') }, signal))
      return { keyId: text(answer['keyId']), signature: Buffer.from(text(answer['signature']), 'base64') }
    },
    async evidenceKey(signal) {
      const answer = fields(await repeatable('evidenceKey', {}, signal))
      return { keyId: text(answer['keyId']), publicKey: text(answer['publicKey']) }
    },
    async makeVolumeKey(volume, node, signal) {
      await repeatable('makeVolumeKey', { volume, node }, signal)
    },
    async copyVolumeKey(volume, source, signal) {
      await repeatable('copyVolumeKey', { volume, source }, signal)
    },
    openVolumeKey: async (request, signal) =>
      Buffer.from(text(await repeatable('openVolumeKey', volumeKeyFields(request), signal)), 'base64'),
    async eraseVolumeKey(volume, signal) {
      await repeatable('eraseVolumeKey', { volume }, signal)
    },
    async signBackup(link, signal) {
      const answer = fields(await repeatable('signBackup', { link: link.toString('base64') }, signal))
      return { keyId: text(answer['keyId']), signature: Buffer.from(text(answer['signature']), 'base64') }
    },
    async backupHead(target, signal) {
      const { head } = fields(await repeatable('backupHead', { target }, signal))
      return head === undefined ? undefined : backupHeadParam(fields(head))
    },
    async keepBackupHead(target, { number, digest }, signal) {
      await repeatable('keepBackupHead', { target, number, digest }, signal)
    },
    async exportKeys(signal) {
      const { keys } = fields(await repeatable('exportKeys', {}, signal))
      return keys === undefined ? undefined : Buffer.from(text(keys), 'base64')
    },
    async [Symbol.asyncDispose]() {
      closed.abort(new Error('the connection to the signer is closed'))
      await connection[Symbol.asyncDispose]()
    },
  }
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
