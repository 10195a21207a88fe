import { tryForgedEntries, trySearches, tryUnrecorded } from '../attacks/supply-chain/recorded-images.ts'
import { tryProvenance } from '../attacks/supply-chain/recorded-provenance.ts'
import { isLocal } from '../loopback-server.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

export const recordedImages: Proof = {
  id: 'S1',
  title: 'what runs is recorded',
  why: 'Without a record of what is in the images, nobody knows which pods a new vulnerability concerns',
  attack:
    'Run a pod whose image no registry has; write, change and delete records as a tenant, and under the name of another digest; search for packages as users who may list all pods, those of one namespace, and none; run images with provenance by a trusted signer, a stranger and of another image, for several platforms and for another one',
  expected:
    'Each pod has a record with its packages or the reason why it was not read; a tenant writes none; a search shows only pods that its user may list; the record has the platforms, and the provenance that a trusted signer attested of this digest alone',
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
    const local = isLocal(context.endpoint.server)
    if (local) await tryProvenance(context, namespace, signal)
    return outcomeOf(
      [],
      `${attempts.all.length} attempts${local ? '' : ' (none with provenance, because the cluster is on another machine)'}: what runs has a record, which nobody else writes and only who may list the pods sees`,
    )
  },
}
