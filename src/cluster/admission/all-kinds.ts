// The kinds that policies and webhooks may name: built-in kinds, and custom resources as the server currently serves them.
import { type ServedKinds, servedKinds } from '../../admission/served-kinds.ts'
import type { ServerView } from '../../server/server-view.ts'

export function allKinds({ builtIn, resources }: Pick<ServerView, 'builtIn' | 'resources'>): ServedKinds {
  const fixed = servedKinds(builtIn)
  const isBuiltIn = new Set(builtIn)
  return {
    byKind: (apiVersion, kind) => fixed.byKind(apiVersion, kind) ?? resources.byKind(apiVersion, kind)?.definition,
    versionsOf(definition) {
      if (isBuiltIn.has(definition)) return fixed.versionsOf(definition)
      const served = resources.find(definition.group, definition.version, definition.plural)
      return served === undefined ? [definition] : [...served.versions.values()].map(version => version.definition)
    },
  }
}
