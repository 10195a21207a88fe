// Queries `/bulkhead/v1/why`.
import { ApiError } from '../../api/status.ts'
import { UserError } from '../../base/user-error.ts'
import { discover } from '../../client/discovery.ts'
import type { Explanation } from '../../server/paths/why/explanation.ts'
import type { WhyContext } from './why.ts'

const base = '/bulkhead/v1/why'

export function explainById(context: WhyContext, auditId: string): Promise<Explanation> {
  return get(context, `${base}/${encodeURIComponent(auditId)}`)
}

export function explainLast(context: WhyContext): Promise<Explanation> {
  const { as } = context.flags
  return get(context, `${base}/last${as === undefined ? '' : `?user=${encodeURIComponent(as)}`}`)
}

/** `target` is `RESOURCE[/NAME]`, or a path that begins with a slash. */
export async function explainDecision(context: WhyContext, verb: string, target: string): Promise<Explanation> {
  const { as, asGroup = [], subresource } = context.flags
  const query = new URLSearchParams({ verb })
  if (target.startsWith('/')) query.set('path', target)
  else for (const [key, value] of Object.entries(await resourceOf(context, target))) query.set(key, value)
  if (subresource !== undefined) query.set('subresource', subresource)
  if (as !== undefined) query.set('user', as)
  for (const group of asGroup) query.append('group', group)
  return await get(context, `${base}?${query}`)
}

/**
 * Resolves a resource as kubectl does: plural, singular or short name, with its group after a dot. An unknown resource is sent as it is.
 */
async function resourceOf({ client, namespace, flags, signal }: WhyContext, target: string): Promise<Record<string, string>> {
  const [wanted = '', name = ''] = target.split('/', 2)
  const dot = wanted.indexOf('.')
  const [word, group] = dot < 0 ? [wanted, undefined] : [wanted.slice(0, dot), wanted.slice(dot + 1)]
  const { resources } = await discover(client, signal)
  const found = resources.find(
    ({ plural, kind, shortNames, group: served }) =>
      (group === undefined || served === group) && [plural, kind.toLowerCase(), ...shortNames].includes(word.toLowerCase()),
  )
  const { plural = word, namespaced = flags.namespace !== undefined } = found ?? {}
  return {
    apiGroup: found?.group ?? group ?? '',
    resource: plural,
    name,
    namespace: namespaced ? namespace : '',
  }
}

async function get({ client, signal }: WhyContext, path: string): Promise<Explanation> {
  try {
    return await client.getPath<Explanation>(path, signal)
  } catch (err) {
    if (err instanceof ApiError) throw new UserError(`The server gives no explanation: ${err.message}`, { cause: err })
    throw err
  }
}
