// Answers a request for a repository of another registry, in the OCI distribution protocol.
import { createReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { writeJson } from '../../base/write-json.ts'
import { isDigest } from '../../supply-chain/oci/digest.ts'
import { ociIndex } from '../../supply-chain/oci/media-types.ts'
import { RegistryFault } from '../registry-fault.ts'
import type { RepositoryRequest } from '../request-path.ts'
import type { OtherRepository, PullThrough } from './pull-through.ts'

/** The right to pull was verified. Rejects with a RegistryFault, or with what ended the connection. */
export async function answerThrough(
  request: IncomingMessage,
  response: ServerResponse,
  { read, other, through }: { readonly read: RepositoryRequest; readonly other: OtherRepository; readonly through: PullThrough },
  signal: AbortSignal,
): Promise<void> {
  const { kind, path, repository } = read
  if (read.verb !== 'pull')
    throw new RegistryFault('UNSUPPORTED', `"${repository}" has the images of ${other.registry}: nothing is pushed there or deleted`)
  const last = path.slice(path.lastIndexOf('/') + 1)
  switch (kind) {
    case 'manifest': {
      const found = await through.manifest(other, last, signal)
      if (found === undefined) throw new RegistryFault('MANIFEST_UNKNOWN', `${other.registry}/${other.path} has no "${last}"`)
      return await send(
        request,
        response,
        { type: found.mediaType, digest: found.digest, size: found.bytes.length },
        () => [found.bytes],
        signal,
      )
    }
    case 'blob':
      return await sendBlob(request, response, other, through, last, signal)
    case 'referrers': {
      if (!isDigest(last)) throw new RegistryFault('NAME_UNKNOWN', `"${last}" is no digest`)
      const bytes = await through.referrers(other, last, signal)
      return await send(request, response, { type: ociIndex, size: bytes.length }, () => [bytes], signal)
    }
    default: {
      const bytes = Buffer.from(writeJson({ name: repository, tags: await through.tags(other, signal) }))
      return await send(request, response, { type: 'application/json', size: bytes.length }, () => [bytes], signal)
    }
  }
}

async function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  other: OtherRepository,
  through: PullThrough,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  const descriptor = through.blob(other, digest)
  if (descriptor === undefined)
    throw new RegistryFault(
      'BLOB_UNKNOWN',
      `No manifest of "${other.repository}" that was requested names "${digest}": request the manifest first`,
    )
  const head = { type: 'application/octet-stream', digest, size: descriptor.size }
  if (request.method === 'HEAD') return await send(request, response, head, () => [], signal)
  const content = await through.content(other, descriptor, signal)
  await send(request, response, head, () => ('file' in content ? createReadStream(content.file) : content.pieces), signal)
}

interface Head {
  readonly type: string
  readonly digest?: string
  readonly size: number
}

async function send(
  { method }: IncomingMessage,
  response: ServerResponse,
  { type, digest, size }: Head,
  body: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, {
    'content-type': type,
    'content-length': size,
    'docker-distribution-api-version': 'registry/2.0',
    ...(digest === undefined ? {} : { 'docker-content-digest': digest, etag: `"${digest}"` }),
  })
  if (method === 'HEAD') return void response.end()
  await pipeline(Readable.from(body(), { objectMode: false }), response, { signal })
}
