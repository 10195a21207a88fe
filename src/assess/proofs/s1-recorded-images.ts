import { tryForgedEntries, trySearches, tryUnrecorded } from '../attacks/supply-chain/recorded-images.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const recordedImages: Proof = {
  id: 'S1',
  title: 'what runs is recorded',
  why: 'Without a record of what is in the images, nobody knows which pods a new vulnerability concerns',
  attack:
    'Run a pod whose image no registry has; write, change and delete records as a tenant, and under the name of another digest; search for packages as users who may list all pods, those of one namespace, and none',
  expected:
    'Each pod has a record with its packages or the reason why it was not read; a tenant writes none; a search shows only pods that its user may list',
  whenRed: 'See whether the part "artifacts" runs (`bulkhead status`), and what `kubectl get images` and its log say of the image',
  async prove(context, signal) {
    const { attempts } = context
    await using namespace = await ProofNamespace.create(context, 'S1', signal)
    await namespace.account('s1', signal)
    const [tenant, stranger] = [`${namespace.name}-tenant`, `${namespace.name}-stranger`]
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]
    await namespace.grantUser(tenant, rules, signal)
    await tryUnrecorded(context, namespace, signal)
    await tryForgedEntries(context, tenant, signal)
    await trySearches(context, { tenant, stranger }, signal)
    return outcomeOf(
      [],
      `${attempts.all.length} attempts: what runs has a record, which nobody else writes and only who may list the pods sees`,
    )
  },
}
