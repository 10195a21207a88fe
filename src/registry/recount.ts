// What the registry still has of what was pushed: after it removed what nothing refers to, that counts no more.
import { isDigest } from './request-path.ts'
import type { StoredEntry } from './stored-content.ts'
import type { Upstream } from './upstream.ts'

/** Whether the registry has the blob or manifest. Rejects if it does not answer. */
export async function isStored({ repository, digest }: StoredEntry, upstream: Upstream, signal: AbortSignal): Promise<boolean> {
  if (!isDigest(digest)) return false
  const access = [{ type: 'repository', name: repository, actions: ['pull'] }] as const
  for (const kind of ['blobs', 'manifests']) {
    const answer = await upstream.send(
      { method: 'HEAD', path: `/v2/${repository}/${kind}/${digest}`, access, headers: anyManifest },
      signal,
    )
    answer.resume()
    // Any other answer says nothing, and what is unknown counts.
    if (answer.statusCode !== 404) return true
  }
  return false
}

const anyManifest = {
  accept: [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
  ].join(', '),
}
