// Media types of images (image-spec, media-types.md; Docker's image manifest v2, schema 2).

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
export const ociIndex = 'application/vnd.oci.image.index.v1+json'
const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json'
const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json'

/** What a registry is asked for. */
export const manifestTypes: readonly string[] = [ociManifest, ociIndex, dockerManifest, dockerList]

export const isManifestType = (type: string): boolean => type === ociManifest || type === dockerManifest

export const isIndexType = (type: string): boolean => type === ociIndex || type === dockerList

/** Docker's schema 1 says no digest of its layers' content, and its signature is no longer checked by anyone. */
export const isSchema1Type = (type: string): boolean => /^application\/vnd\.docker\.distribution\.manifest\.v1\+/.test(type)

export const isConfigType = (type: string): boolean =>
  type === 'application/vnd.oci.image.config.v1+json' || type === 'application/vnd.docker.container.image.v1+json'

/** A layer of files: others in a manifest are an artifact's own (a chart, a signature). Its compression is told by its first bytes. */
export const isLayerType = (type: string): boolean =>
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(?:diff|foreign\.diff)\.tar)(?:[.+](?:gzip|zstd))?$/.test(
    type,
  )
