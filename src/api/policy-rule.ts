// A short notation for roles: lists are strings with spaces, and `core` is the group without a name.
import type { PolicyRule } from './types/rbac-v1.ts'

export const read = 'get list watch'
export const write = 'create delete deletecollection patch update'
export const everyVerb = 'create delete deletecollection get list patch update watch'

const words = (text: string): string[] => text.split(' ')

export function rule(verbs: string, groups: string, resources: string, resourceNames?: string): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map(group => (group === 'core' ? '' : group)),
    resources: words(resources),
    ...(resourceNames === undefined ? {} : { resourceNames: words(resourceNames) }),
  }
}

export function urls(verbs: string, paths: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(paths) }
}

/** Every controller may create events about its work. */
export const recordEvents = rule('create patch update', 'core events.k8s.io', 'events')
