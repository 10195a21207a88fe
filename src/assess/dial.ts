// Raw connections, to hear what a port says to somebody who does not speak as it wants. Nothing here verifies a peer: it sends nothing of worth.
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Who says nothing for so long is taken for silent. A busy machine may take seconds for an answer, and one that is missed would be a proof of nothing. */
const answerMs = 5_000
/** For the version that every listener must speak: a late handshake is no refusal. */
const expectedMs = 15_000

export interface Target {
  readonly host: string
  readonly port: number
}

/** What a port answers to these bytes: the first bytes that come, '' where it closed or stayed silent, undefined where nothing listens. */
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

/** The protocol that a handshake of at most this version ends with; undefined where it is refused. */
export function handshake({ host, port }: Target, newest: 'TLSv1.2' | 'TLSv1.3', signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host,
      port,
      minVersion: newest === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1',
      maxVersion: newest,
      // Any certificate will do: whether a handshake of this version is possible is all that is asked, and the connection is closed at once.
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

/** Whether anything accepts a connection there. */
export async function accepts(target: Target, signal: AbortSignal): Promise<boolean> {
  return (await sendPlain(target, '\n', signal)) !== undefined
}

export function targetOf(server: string): Target {
  const { hostname, port } = new URL(server)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 443 : port) }
}
