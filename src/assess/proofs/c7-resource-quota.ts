import { resourceQuotas } from '../../client/resources.ts'
import { tryChanges } from '../attacks/quota/changes.ts'
import { hugePagesRoom, limitsRoom, requestsRoom } from '../attacks/quota/compute.ts'
import { counts } from '../attacks/quota/counts.ts'
import { comparePublished, fillRoom } from '../attacks/quota/fill-room.ts'
import { flood, floods, room } from '../attacks/quota/flood.ts'
import { growClaims } from '../attacks/quota/growing-claims.ts'
import { ProofPriorityClasses } from '../attacks/quota/priority-classes.ts'
import { storedBytesName } from '../attacks/quota/quota-room.ts'
import { narrowScopes, wideScopes } from '../attacks/quota/scopes.ts'
import { storageAndServices } from '../attacks/quota/storage-and-services.ts'
import { boundBytes } from '../attacks/quota/stored-bytes.ts'
import { inParallel } from '../in-parallel.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

/** What a new namespace must have a bound for. */
const required = ['pods', 'configmaps', 'secrets', 'requests.cpu', 'requests.memory', storedBytesName]
/** Namespaces that are filled at a time. */
const width = 3

export const resourceQuota: Proof = {
  id: 'C7',
  title: 'ResourceQuota',
  why: 'Without limits, one tenant can fill the store and the nodes of all',
  attack:
    'Fill namespaces up to a quota for each resource and scope, then go one above each alone, by new objects, updates, resizes and claims that grow; flood a new namespace with more objects at once than its quota allows',
  expected:
    'A new namespace has a quota; up to the bound all is stored and above it nothing, also of writes at once; `status.used` is the sum of the objects, and another namespace stays usable',
  whenRed:
    'See whether ResourceQuota or NamespaceDefaults were switched off (`bulkhead status`), and what `kubectl get clusterdefaults cluster -o yaml` grants',
  async prove(context, signal) {
    const { attempts, client } = context
    await using stack = new AsyncDisposableStack()
    const make = async () => stack.use(await ProofNamespace.create(context, 'C7', signal))
    const [flooded, neighbour] = [await make(), await make()]
    const found: string[] = []
    const { items } = await client.list(resourceQuotas, { namespace: flooded.name }, signal)
    const bounded = new Set(items.flatMap(({ spec }) => Object.keys(spec?.hard ?? {})))
    for (const name of required) if (!bounded.has(name)) found.push(`a new namespace has no limit for ${name}`)

    const classes = stack.use(await ProofPriorityClasses.create(context, flooded, signal))
    const rooms = [
      requestsRoom,
      limitsRoom,
      narrowScopes(classes.names),
      wideScopes(classes.names),
      storageAndServices,
      counts,
      hugePagesRoom,
    ]
    const filled = await inParallel(
      rooms,
      async own => {
        const namespace = await make()
        await fillRoom(context, namespace, own, signal)
        return { own, namespace }
      },
      width,
    )
    await boundBytes(context, await make(), signal)
    await tryChanges(context, await make(), signal)
    await growClaims(context, await make(), signal)
    found.push(...(await flood(context, flooded, neighbour, signal)))
    await Promise.all(filled.map(({ own, namespace }) => comparePublished(context, namespace, own, signal)))
    return outcomeOf(
      found,
      `${bounded.size} limits in a new namespace; ${attempts.all.length} attempts at and above the bounds; of ${2 * floods} concurrent creates exactly ${2 * room} stored, and all ${room} of another namespace`,
    )
  },
}
