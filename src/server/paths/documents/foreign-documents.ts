// OpenAPI v3 of other servers' group versions, among this server's documents.
import { openApiPath } from '../../../api/openapi/openapi-types.ts'
import type { RemoteVersion } from '../../proxy/aggregation/backend-documents.ts'

/** URLs of the v3 documents of other servers' group versions, after this server's own. */
export function foreignPaths(foreign: readonly RemoteVersion[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    foreign.flatMap(({ group, version, openApiV3Hash, openApiV2 }) => {
      const path = openApiPath(group, version)
      const hash = openApiV3Hash ?? openApiV2?.digest
      return hash === undefined ? [] : [[path, `/openapi/v3/${path}?hash=${hash}`]]
    }),
  )
}

/** For a server without its own v3 document; requests for existing ones are forwarded to their server. */
export function foreignV3(foreign: readonly RemoteVersion[], path: string): Buffer | undefined {
  const v3 = foreign.find(({ group, version }) => openApiPath(group, version) === path)?.openApiV2?.v3
  return v3 && Buffer.from(v3.buffer, v3.byteOffset, v3.byteLength)
}
