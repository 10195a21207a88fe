// Raw connections, to see how a port answers a client that does not speak its protocol. They verify no peer, because they send nothing
// confidential.
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/**
 * A port without an answer within this time counts as silent. A busy machine may take seconds, and a missed answer would be a false proof.
 */
const answerMs = 5_000
/** For the TLS version that every listener must accept: a slow handshake is not a refusal. */
const expectedMs = 15_000

export interface Target {
  readonly host: string
  readonly port: number
}

/** What a port answers to these bytes: the first bytes, '' if it closed or stayed silent, undefined if nothing listens. */
export function sendPlain({ host, port }: Target, text: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let connected = false
    const socket = connect({ host, port }, () => {
      connected = true
      socket.write(text)
    })
    const end = (answer: string | undefined) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(answer)
    }
    const onAbort = () => {
      socket.destroy()
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => end(connected ? '' : undefined), answerMs)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('data', data => end(data.toString('latin1')))
    socket.once('end', () => end(''))
    socket.once('error', () => end(connected ? '' : undefined))
  })
}

/** The negotiated protocol of a handshake of at most this version; undefined if it is refused. */
export function handshake({ host, port }: Target, newest: 'TLSv1.2' | 'TLSv1.3', signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host,
      port,
      minVersion: newest === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1',
      maxVersion: newest,
      // Any certificate is accepted: the question is only whether a handshake of this version is possible, and the connection is closed at
      // once.
      rejectUnauthorized: false,
      ciphers: 'ALL:@SECLEVEL=0',
    })
    const end = (version: string | undefined) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(version)
    }
    const onAbort = () => {
      socket.destroy()
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => end(undefined), newest === 'TLSv1.3' ? expectedMs : answerMs)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('secureConnect', () => end(socket.getProtocol() ?? 'TLS'))
    socket.once('close', () => end(undefined))
    socket.once('error', () => end(undefined))
  })
}

/** Whether a port that speaks TLS sends no byte of an answer to a client without a certificate, and none in plain. */
export async function refusesStrangers(target: Target, signal: AbortSignal): Promise<boolean> {
  // As RFC 9113 begins, with empty settings.
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'
  const plain = await sendPlain(target, preface, signal)
  // An alert of TLS is no answer.
  if (plain !== undefined && plain !== '' && !plain.startsWith('\x15')) return false
  return (await firstBytesOverTls(target, preface, signal)) === ''
}

/** What a port answers over TLS without a client certificate: '' if it refuses, closes or stays silent. */
function firstBytesOverTls({ host, port }: Target, text: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, minVersion: 'TLSv1.2', ALPNProtocols: ['h2'], rejectUnauthorized: false })
    const end = (answer: string) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(answer)
    }
    const onAbort = () => {
      clearTimeout(timer)
      socket.destroy()
      reject(signal.reason)
    }
    const timer = setTimeout(() => end(''), answerMs)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('secureConnect', () => socket.write(text, 'latin1'))
    socket.once('data', data => end(data.toString('latin1')))
    socket.once('close', () => end(''))
    socket.once('error', () => end(''))
  })
}

/** Whether a connection is accepted there. */
export async function accepts(target: Target, signal: AbortSignal): Promise<boolean> {
  return (await sendPlain(target, '\n', signal)) !== undefined
}

export function targetOf(server: string): Target {
  const { hostname, port } = new URL(server)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 443 : port) }
}
