// The cluster's own registry, as it is announced (KEP-1755): where it is, and who signed its certificate.
import { request as httpsRequest } from 'node:https'
import { isReason } from '../api/status.ts'
import type { Client } from '../client/client.ts'
import { configMaps } from '../client/resources.ts'

export interface OwnRegistry {
  /** As in image references. */
  readonly host: string
  /** PEM; undefined if nothing listens there, because only simulated nodes use it. */
  readonly authority: string | undefined
}

/** Undefined if the cluster has none. */
export async function ownRegistry(client: Client, signal: AbortSignal): Promise<OwnRegistry | undefined> {
  try {
    const { data = {} } = await client.get(configMaps, 'kube-public', 'local-registry-hosting', signal)
    const [host = ''] = (data['hosts'] ?? '').split('\n')
    return host === '' ? undefined : { host, authority: data['ca.crt'] }
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  }
}

export interface RegistryAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

const maxTextBytes = 1 << 20

/** One request, with a token as the password. The path is sent as it is. */
export function askRegistry(
  { host, authority = '' }: OwnRegistry,
  { method, path, token, body }: { readonly method: string; readonly path: string; readonly token?: string; readonly body?: RegistryBody },
  signal: AbortSignal,
): Promise<RegistryAnswer> {
  const { hostname, port } = new URL(`https://${host}`)
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      {
        ...{ host: hostname.replace(/^\[|\]$/g, ''), port, path, method, ca: authority, signal, agent: false },
        headers: {
          ...(token === undefined ? {} : { authorization: `Basic ${Buffer.from(`prove:${token}`).toString('base64')}` }),
          ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': body.bytes.length }),
        },
      },
      answer => {
        const pieces: Buffer[] = []
        let bytes = 0
        answer.on('data', (piece: Buffer) => {
          bytes += piece.length
          if (bytes <= maxTextBytes) pieces.push(piece)
        })
        answer.once('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(pieces).toString('utf8') }),
        )
        answer.once('error', reject)
      },
    )
    sent.once('error', reject)
    sent.end(body?.bytes)
  })
}

export interface RegistryBody {
  readonly type: string
  readonly bytes: Buffer
}
