// The process side of the signer: one unix socket per role; the policy of the role must allow a request before a key is used.
import type { Clock } from '../base/clock.ts'
import { isJsonObject } from '../base/json.ts'
import type { Logger } from '../base/log.ts'
import { type FrameSocket, serveFrames } from '../base/net/frame-server.ts'
import { checkBackupEvidence, checkEvidence } from './evidence-policy.ts'
import { checkCertificate, checkClaims, checkMethod, PolicyViolation, type SignerRole, type SignerScope } from './policy.ts'
import {
  auditTreeFields,
  auditTreeParam,
  authorityParam,
  backupHeadParam,
  bytesParam,
  certificateParam,
  claimsItem,
  claimsParam,
  parseRequest,
  proofParam,
  storeHeadFields,
  storeHeadParam,
  targetParam,
  textParam,
  volumeKeyParam,
  type WireAnswer,
  type WireFailure,
  type WireRequest,
} from './protocol.ts'
import type { Signer } from './signer.ts'

export interface SignerSocket extends FrameSocket {
  readonly role: SignerRole
}

export interface ServeSignerOptions {
  readonly signer: Signer
  readonly sockets: readonly SignerSocket[]
  readonly scope: SignerScope
  /** The clock for the times of tokens. */
  readonly clock: Clock
  readonly log: Logger
}

/** Listens on all sockets; resolves when they accept. Closing ends connections and removes the sockets, but leaves the signer open. */
export const serveSigner = (options: ServeSignerOptions): Promise<AsyncDisposable> =>
  serveFrames({
    sockets: options.sockets,
    log: options.log,
    name: 'signer',
    respond: (value, { role }, signal) => respond(value, role, options, signal),
    tooLarge: id => ({ id, error: { message: 'The answer does not fit into a frame', rule: 'answer-size' } }) satisfies WireAnswer,
  })

/** Never rejects. */
async function respond(value: unknown, role: SignerRole, options: ServeSignerOptions, signal: AbortSignal): Promise<WireAnswer> {
  let id = isJsonObject(value) && typeof value['id'] === 'number' ? value['id'] : 0
  try {
    const request = parseRequest(value)
    id = request.id
    checkMethod(role, request.method)
    return { id, result: await perform(request, role, options, signal) }
  } catch (err) {
    return { id, error: failureOf(err, role, options.log) }
  }
}

/** A refusal is returned with its rule; any other failure is logged, and the caller only learns that it failed. */
function failureOf(err: unknown, role: SignerRole, log: Logger): WireFailure {
  if (err instanceof PolicyViolation) {
    log.info('signer refused a request', { role, rule: err.rule, reason: err.message })
    return { message: err.message, rule: err.rule }
  }
  log.error('signer request failed', { role, err })
  return { message: err instanceof RangeError || isUnwrapError(err) ? err.message : 'The signer failed, see its log' }
}

const isUnwrapError = (err: unknown): err is Error => err instanceof Error && err.message.startsWith('Cannot unwrap key')

/** A token, or the reason for none: an item of a batch never fails the others. */
async function signOne(
  item: unknown,
  role: SignerRole,
  { signer, scope, clock, log }: ServeSignerOptions,
  signal: AbortSignal,
): Promise<string | WireFailure> {
  try {
    const claims = claimsItem(item)
    checkClaims(claims, scope, clock.now())
    return await signer.signToken(claims, signal)
  } catch (err) {
    return failureOf(err, role, log)
  }
}

async function perform({ method, params }: WireRequest, role: SignerRole, options: ServeSignerOptions, signal: AbortSignal) {
  const { signer, scope } = options
  switch (method) {
    case 'authority':
      return signer.authority(authorityParam(params['name']), signal)
    case 'issueCertificate': {
      const request = certificateParam(params)
      checkCertificate(role, request, scope)
      return signer.issueCertificate(request, signal)
    }
    case 'tokenKeys':
      return signer.tokenKeys(signal)
    case 'signTokens':
      return Promise.all(claimsParam(params['claims']).map(item => signOne(item, role, options, signal)))
    case 'wrapKey': {
      const { id, wrapped } = await signer.wrapKey(bytesParam(params, 'key'), signal)
      return { id, wrapped: wrapped.toString('base64') }
    }
    case 'unwrapKey':
      return (await signer.unwrapKey(bytesParam(params, 'wrapped'), signal)).toString('base64')
    case 'signAuditCheckpoint':
      return signer.signAuditCheckpoint(auditTreeParam(params), proofParam(params), signal)
    case 'keepStoreHead':
      await signer.keepStoreHead(storeHeadParam(params), signal)
      return {}
    case 'storeHead': {
      const head = await signer.storeHead(signal)
      return head === undefined ? {} : { head: storeHeadFields(head) }
    }
    case 'signEvidence': {
      const statement = bytesParam(params, 'statement')
      checkEvidence(statement)
      if (role === 'backup') checkBackupEvidence(statement)
      const { keyId, signature } = await signer.signEvidence(statement, signal)
      return { keyId, signature: signature.toString('base64') }
    }
    case 'signBackup': {
      const { keyId, signature } = await signer.signBackup(bytesParam(params, 'link'), signal)
      return { keyId, signature: signature.toString('base64') }
    }
    case 'backupHead': {
      const head = await signer.backupHead(targetParam(params), signal)
      return head === undefined ? {} : { head }
    }
    case 'keepBackupHead':
      await signer.keepBackupHead(targetParam(params), backupHeadParam(params), signal)
      return {}
    case 'exportKeys': {
      const keys = await signer.exportKeys(signal)
      return keys === undefined ? {} : { keys: keys.toString('base64') }
    }
    case 'evidenceKey':
      return signer.evidenceKey(signal)
    case 'makeVolumeKey':
      await signer.makeVolumeKey(textParam(params, 'volume'), textParam(params, 'node'), signal)
      return {}
    case 'copyVolumeKey':
      await signer.copyVolumeKey(textParam(params, 'volume'), textParam(params, 'source'), signal)
      return {}
    case 'openVolumeKey':
      return (await signer.openVolumeKey(volumeKeyParam(params), signal)).toString('base64')
    case 'eraseVolumeKey':
      await signer.eraseVolumeKey(textParam(params, 'volume'), signal)
      return {}
    case 'auditKey': {
      const { signed, ...keys } = await signer.auditKey(signal)
      return { ...keys, ...(signed === undefined ? {} : { signed: { ...auditTreeFields(signed), note: signed.note } }) }
    }
  }
}
