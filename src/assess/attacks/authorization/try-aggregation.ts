// A ClusterRole that gathers others by label: it has the rules of those that its selector names, and of no other.
import type { ClusterRole } from '../../../api/types/rbac-v1.ts'
import { clusterRoles } from '../../../client/resources.ts'
import { within } from '../../until.ts'
import type { Arena } from './arena.ts'

const label = 'bulkhead-prove.invalid/gather'
/** For the controller that gathers. */
const limitMs = 30_000

export async function tryAggregation({ context, cluster }: Arena, signal: AbortSignal): Promise<void> {
  const { attempts, client, clock } = context
  const wanted = cluster.prefix
  const make = async (name: string, labels: Readonly<Record<string, string>>): Promise<void> => {
    const rules = [{ verbs: ['get'], apiGroups: ['bulkhead-prove.invalid'], resources: [name] }]
    await cluster.create(clusterRoles, { metadata: { name: `${wanted}-${name}`, labels }, rules }, signal)
  }
  const target = `${wanted}-gathering`
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { [label]: wanted } }] }
  await make('other-value', { [label]: `${wanted}-other` })
  await make('other-key', { [`${label}-2`]: wanted })
  await cluster.create<ClusterRole>(clusterRoles, { metadata: { name: target }, rules: [], aggregationRule }, signal)
  await make('wanted', { [label]: wanted })
  const gathered = async (): Promise<readonly string[] | undefined> => {
    const { rules } = await client.get(clusterRoles, '', target, signal)
    const found = (rules ?? []).flatMap(({ resources = [] }) => resources)
    return found.includes('wanted') ? found : undefined
  }
  const found = (await within(limitMs, clock, gathered, signal)) ?? []
  attempts.record({
    ...{ name: 'rules of a ClusterRole that gathers others', sent: `a label of three roles`, expected: 'wanted' },
    ...{ answered: found.join(', '), held: found.length === 1 },
  })
}
