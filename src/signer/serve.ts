// The process side of the signer: one unix socket per role; the policy of the role must allow a request before a key is used.
import { chown, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { isJsonObject } from '../base/json.ts'
import type { Logger } from '../base/log.ts'
import { listenOnSocket } from '../base/net/listen-on-socket.ts'
import { checkEvidence } from './evidence-policy.ts'
import { createFrameReader, encodeFrame, FrameError } from './frame.ts'
import { checkCertificate, checkClaims, checkMethod, PolicyViolation, type SignerRole, type SignerScope } from './policy.ts'
import {
  auditHeadFields,
  auditHeadParam,
  authorityParam,
  bytesParam,
  certificateParam,
  claimsItem,
  claimsParam,
  parseRequest,
  storeHeadFields,
  storeHeadParam,
  type WireAnswer,
  type WireFailure,
  type WireRequest,
} from './protocol.ts'
import type { Signer } from './signer.ts'

export interface SignerSocket {
  /** Replaces an existing socket at this path. */
  readonly path: string
  readonly role: SignerRole
  /** The owner of the socket (mode 0600), who can connect besides root and the signer's user. Needs the right to change owners. */
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** Mode 0660: the group of the socket can connect too. A set-group-id folder sets the group without the right to change owners. */
  readonly groupMayConnect?: boolean
}

export interface ServeSignerOptions {
  readonly signer: Signer
  readonly sockets: readonly SignerSocket[]
  readonly scope: SignerScope
  /** The clock for the times of tokens. */
  readonly clock: Clock
  readonly log: Logger
}

const maxInFlight = 256
/** Limit of bytes of unanswered requests. */
const maxInFlightBytes = 4 << 20
/** Each process has one connection; others are those that it lost without noticing. */
const maxConnections = 32
/** Limit of unread answers of a peer; until it reads them, none of its requests is read. */
const maxUnreadBytes = 1024 * 1024

/** Listens on all sockets; resolves when they accept. Closing ends connections and removes the sockets, but leaves the signer open. */
export async function serveSigner(options: ServeSignerOptions): Promise<AsyncDisposable> {
  const closing = new AbortController()
  const connections = new Set<Socket>()
  const servers: { readonly server: Server; readonly path: string }[] = []
  const close = async () => {
    closing.abort(new Error('the signer is closing'))
    for (const connection of connections) connection.destroy()
    await Promise.all(servers.map(({ server }) => new Promise<void>(resolve => server.close(() => resolve()))))
    for (const { path } of servers) await rm(path, { force: true })
  }
  try {
    for (const socket of options.sockets) {
      await rm(socket.path, { force: true })
      const server = createServer(connection => {
        connections.add(connection)
        connection.once('close', () => connections.delete(connection))
        serveConnection(connection, socket.role, options, closing.signal)
      })
      server.maxConnections = maxConnections
      server.on('drop', () => options.log.error('signer refused a connection: too many are open', { role: socket.role }))
      await listenOnSocket(server, socket.path, socket.groupMayConnect === true ? 0o117 : 0o177)
      servers.push({ server, path: socket.path })
      if (socket.owner) await chown(socket.path, socket.owner.uid, socket.owner.gid)
    }
  } catch (err) {
    await close()
    throw err
  }
  return { [Symbol.asyncDispose]: close }
}

function serveConnection(connection: Socket, role: SignerRole, options: ServeSignerOptions, signal: AbortSignal): void {
  const { log } = options
  let inFlight = 0
  let inFlightBytes = 0
  const answer = (frame: WireAnswer) => {
    if (!connection.destroyed) connection.write(encodeAnswer(frame))
    pace()
  }
  /** Continues to read when half of the requests are done and the answers are read. */
  const pace = () => {
    if (inFlight >= maxInFlight || inFlightBytes >= maxInFlightBytes || connection.writableLength > maxUnreadBytes) connection.pause()
    else if (connection.isPaused() && inFlight < maxInFlight / 2 && inFlightBytes < maxInFlightBytes / 2 && !connection.writableNeedDrain)
      connection.resume()
  }
  const read = createFrameReader((value, bytes) => {
    inFlight++
    inFlightBytes += bytes
    pace()
    void respond(value, role, options, signal).then(frame => {
      inFlight--
      inFlightBytes -= bytes
      answer(frame)
    })
  })
  connection.on('data', chunk => {
    try {
      read(chunk)
    } catch (err) {
      if (err instanceof FrameError) log.info('signer connection ended', { role, err })
      else log.error('signer connection failed', { role, err })
      connection.destroy()
    }
  })
  connection.on('drain', pace)
  connection.on('error', err => log.debug('signer connection lost', { role, err }))
}

/** Never throws: if an answer does not fit into a frame, the caller gets an error. */
function encodeAnswer(answer: WireAnswer): Buffer {
  try {
    return encodeFrame(answer)
  } catch (err) {
    if (!(err instanceof FrameError)) throw err
    return encodeFrame({ id: answer.id, error: { message: 'The answer does not fit into a frame', rule: 'answer-size' } })
  }
}

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
    case 'signAuditHead': {
      const { keyId, signature } = await signer.signAuditHead(auditHeadParam(params), signal)
      return { keyId, signature: signature.toString('base64') }
    }
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
      const { keyId, signature } = await signer.signEvidence(statement, signal)
      return { keyId, signature: signature.toString('base64') }
    }
    case 'evidenceKey':
      return signer.evidenceKey(signal)
    case 'auditKey': {
      const { signedHead, ...key } = await signer.auditKey(signal)
      return { ...key, ...(signedHead === undefined ? {} : { signedHead: auditHeadFields(signedHead) }) }
    }
  }
}
