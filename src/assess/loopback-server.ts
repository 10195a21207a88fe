// An HTTPS server of an attack on loopback, with an authority of its own: for what a part of the cluster fetches. It is reached on the same machine only.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TestAuthority } from './attacks/transport/test-authority.ts'

const address = '127.0.0.1'
const loopback = /^https:\/\/(127\.|localhost|\[::1\])/

/** Whether a server of this process on loopback is one of the cluster's machine too. */
export const isLocal = (server: string): boolean => loopback.test(server)

export interface ServedFile {
  readonly bytes: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly status?: number
}

export type Served = ServedFile | ((response: ServerResponse) => void)

export class LoopbackServer implements AsyncDisposable {
  /** `127.0.0.1:41234`. */
  readonly host: string
  /** PEM. */
  readonly authority: string
  readonly #server: Server
  readonly #find: (path: string) => Served | undefined

  private constructor(server: Server, authority: string, find: (path: string) => Served | undefined) {
    this.#server = server
    this.#find = find
    this.authority = authority
    this.host = `${address}:${(server.address() as AddressInfo).port}`
    server.on('request', ({ url = '', method }, response) => this.#answer(url.split('?')[0] ?? '', method === 'HEAD', response))
  }

  /** `find` is asked at each GET and HEAD; what it does not know is answered with 404. */
  static async open(now: number, find: (path: string) => Served | undefined): Promise<LoopbackServer> {
    const authority = await TestAuthority.create(now)
    const server = createServer(await authority.issue({ ipAddresses: [address], dnsNames: [] }))
    server.listen(0, address)
    await once(server, 'listening')
    return new LoopbackServer(server, authority.certificate, find)
  }

  #answer(path: string, headOnly: boolean, response: ServerResponse): void {
    const found = this.#find(path)
    if (found === undefined) return void response.writeHead(404).end()
    if (typeof found === 'function') {
      found(response)
      return
    }
    const { bytes, headers = {}, status = 200 } = found
    response.writeHead(status, { ...headers, 'content-length': bytes.length })
    if (headOnly) response.end()
    else response.end(bytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** An answer without an end, as fast as its reader takes it. */
export function endless(response: ServerResponse): void {
  const piece = Buffer.alloc(64 * 1024, 'x')
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  }
  response.on('drain', more)
  response.writeHead(200)
  more()
}
