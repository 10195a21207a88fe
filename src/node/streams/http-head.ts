// Reads the head of an HTTP/1.1 answer from a socket and leaves every later byte in the socket.
import type { Duplex } from 'node:stream'

export interface HttpHead {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
}

const longest = 16 * 1024

export async function readHttpHead(socket: Duplex, signal: AbortSignal): Promise<HttpHead> {
  let seen = Buffer.alloc(0)
  return await new Promise((resolve, reject) => {
    const end = () => {
      socket.off('readable', onReadable)
      socket.off('end', onEnd)
      socket.off('error', fail)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (err: unknown) => {
      end()
      reject(err)
    }
    const onAbort = () => fail(signal.reason)
    const onEnd = () => fail(new Error('the connection ended before an answer'))
    const onReadable = () => {
      for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
        seen = Buffer.concat([seen, chunk])
        const at = seen.indexOf('\r\n\r\n')
        if (at < 0 && seen.length > longest) return fail(new Error('the answer has no end of its head'))
        if (at < 0) continue
        end()
        const rest = seen.subarray(at + 4)
        if (rest.length > 0) socket.unshift(rest)
        const head = parseHead(seen.toString('latin1', 0, at))
        if (head) resolve(head)
        else reject(new Error('the answer is not HTTP/1.1'))
        return
      }
    }
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('readable', onReadable)
    socket.once('end', onEnd)
    socket.once('error', fail)
  })
}

function parseHead(text: string): HttpHead | undefined {
  const [first = '', ...lines] = text.split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]
  if (status === undefined) return undefined
  const headers = lines.map(line => {
    const at = line.indexOf(':')
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const
  })
  return { status: Number(status), headers: new Map(headers) }
}
