// The kinds that policies and webhooks may name: those that are built in, and custom resources as the server serves them now.
import { type ServedKinds, servedKinds } from '../admission/served-kinds.ts'
import type { ResourceDefinition } from '../api/resource.ts'
import type { ApiServer } from '../server/api-server.ts'

/** The server is made after its plug-ins; before that only the kinds that are built in are known. */
export function allKinds(builtIn: readonly ResourceDefinition[]): {
  readonly kinds: ServedKinds
  serveThrough(server: Pick<ApiServer, 'resources'>): void
} {
  const fixed = servedKinds(builtIn)
  const isBuiltIn = new Set(builtIn)
  let server: Pick<ApiServer, 'resources'> | undefined
  return {
    kinds: {
      byKind: (apiVersion, kind) => fixed.byKind(apiVersion, kind) ?? server?.resources.byKind(apiVersion, kind)?.definition,
      versionsOf(definition) {
        if (isBuiltIn.has(definition)) return fixed.versionsOf(definition)
        const served = server?.resources.find(definition.group, definition.version, definition.plural)
        return served === undefined ? [definition] : [...served.versions.values()].map(version => version.definition)
      },
    },
    serveThrough(opened) {
      server = opened
    },
  }
}
