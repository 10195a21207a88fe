// Nodes of a scratch cluster that are witnesses of its audit log, as this attack wants them: one has a checkpoint of the log, and one makes claims.
import { generateKeyPairSync, sign } from 'node:crypto'
import { performServerHandshake, type ServerHttp2Stream } from 'node:http2'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { tunnelPath, tunnelUpgrade } from '../../../api/nodes/node-protocol.ts'
import {
  auditWitnessAnnotation,
  nodeWitnessName,
  readWitnessCall,
  type WitnessReply,
  witnessTunnelPath,
} from '../../../api/nodes/witness-call.ts'
import { cosignatureType, formatKey, keyIdOf, parseNote, signatureLine } from '../../../base/tlog/note.ts'
import { writeJson } from '../../../base/write-json.ts'
import { readKubeconfig } from '../../../client/transport/kubeconfig.ts'
import { type ProofRequest, request, strategicPatch } from '../../request.ts'
import type { ScratchCluster, Serving } from '../../scratch-cluster.ts'

/** What the node answers to a checkpoint, which it has cosigned unless it answers otherwise. */
type Answer = (checkpoint: string) => WitnessReply | undefined

const headMs = 20_000

export class WitnessNode implements AsyncDisposable {
  readonly #socket: TLSSocket
  /** The newest checkpoint that the server showed. */
  shown: string | undefined

  private constructor(socket: TLSSocket) {
    this.#socket = socket
  }

  /** Registers a ready Node with a key, and opens its tunnel. */
  static async open(
    scratch: ScratchCluster,
    { transport, endpoint }: Serving,
    name: string,
    answer: Answer,
    signal: AbortSignal,
  ): Promise<WitnessNode> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const key = { name: nodeWitnessName(name), type: cosignatureType, publicKey } as const
    const as = { 'impersonate-user': `system:node:${name}`, 'impersonate-group': 'system:nodes' }
    const metadata = { name, annotations: { [auditWitnessAnnotation]: formatKey(key) } }
    const send = async (asked: ProofRequest) => {
      const { status, message } = await request(transport, { ...asked, headers: as }, signal)
      if (status >= 300) throw new Error(`the node of this proof is refused: ${asked.method} ${asked.path} answered ${status} ${message}`)
    }
    await send({ method: 'POST', path: '/api/v1/nodes', body: { apiVersion: 'v1', kind: 'Node', metadata } })
    const conditions = [{ type: 'Ready', status: 'True', reason: 'Proof', message: 'a node of a proof' }]
    await send({ method: 'PATCH', path: `/api/v1/nodes/${name}/status`, body: { status: { conditions } }, contentType: strategicPatch })
    const socket = await openTunnel(await readKubeconfig(join(scratch.directory, 'admin.kubeconfig')), endpoint.server, name, signal)
    const node = new WitnessNode(socket)
    const cosign = (checkpoint: string): string => {
      const { text } = parseNote(checkpoint)
      const seconds = Math.floor(Date.now() / 1000)
      const time = Buffer.alloc(8)
      time.writeBigUInt64BE(BigInt(seconds))
      const signature = Buffer.concat([time, sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), privateKey)])
      return signatureLine({ name: key.name, keyId: keyIdOf(key), signature })
    }
    const session = performServerHandshake(socket)
    session.on('error', () => undefined)
    session.on('stream', (stream, headers) => {
      void reply(stream, headers[':path'], checkpoint => {
        node.shown = checkpoint
        return answer(checkpoint) ?? { status: 200, body: cosign(checkpoint) }
      })
    })
    return node
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.destroyed) return
    const closed = new Promise(resolve => this.#socket.once('close', resolve))
    this.#socket.destroy()
    await closed
  }
}

async function reply(stream: ServerHttp2Stream, path: string | undefined, answer: (checkpoint: string) => WitnessReply): Promise<void> {
  stream.on('error', () => undefined)
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const call = path === witnessTunnelPath ? readWitnessCall(Buffer.concat(chunks).toString('utf8')) : undefined
  const checkpoint = call?.submission.slice(call.submission.indexOf('\n\n') + 2)
  stream.respond({ ':status': checkpoint === undefined ? 404 : 200 })
  stream.end(checkpoint === undefined ? '' : writeJson(answer(checkpoint)))
}

/** With the administrator's certificate, in the name of the node. */
async function openTunnel(
  { ca, ...credentials }: Awaited<ReturnType<typeof readKubeconfig>>,
  server: string,
  name: string,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { hostname, port, host } = new URL(server)
  const { certificate: cert, key } = credentials
  const socket = connect({ host: hostname, port: Number(port), ca, cert, key, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] })
  const limit = AbortSignal.any([signal, AbortSignal.timeout(headMs)])
  const head = [`GET ${tunnelPath(name)} HTTP/1.1`, `Host: ${host}`, 'Connection: Upgrade', `Upgrade: ${tunnelUpgrade}`]
  socket.write(`${[...head, `Impersonate-User: system:node:${name}`, 'Impersonate-Group: system:nodes'].join('\r\n')}\r\n\r\n`)
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const onAbort = () => socket.destroy(new Error('no tunnel was opened in time'))
  limit.addEventListener('abort', onAbort, { once: true })
  let read = ''
  const onData = (chunk: Buffer) => {
    read += chunk.toString('latin1')
    const end = read.indexOf('\r\n\r\n')
    if (end < 0) return
    socket.off('data', onData)
    socket.pause()
    if (!read.startsWith('HTTP/1.1 101 ')) return reject(new Error(`the tunnel of a node is refused: ${read.slice(0, 200)}`))
    const rest = read.slice(end + 4)
    if (rest !== '') socket.unshift(Buffer.from(rest, 'latin1'))
    resolve(socket)
  }
  socket.on('data', onData)
  socket.once('error', reject)
  socket.once('close', () => reject(new Error('the connection of a tunnel was closed')))
  try {
    const opened = await promise
    opened.on('error', () => undefined)
    return opened
  } catch (err) {
    socket.destroy()
    throw err
  } finally {
    limit.removeEventListener('abort', onAbort)
  }
}
