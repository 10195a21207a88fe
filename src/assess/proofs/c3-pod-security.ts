import { advice } from '../attacks/pod-security/advice.ts'
import { attacksOn } from '../attacks/pod-security/attacks.ts'
import { inlineVolumes } from '../attacks/pod-security/inline-volumes.ts'
import { leftOpen } from '../attacks/pod-security/left-open.ts'
import { create, enforceLabel, type LevelledNamespace, podAccount, sendAll } from '../attacks/pod-security/levelled-namespace.ts'
import { everyNamespace, relabelled } from '../attacks/pod-security/namespaces.ts'
import { oldRules, oldVersion } from '../attacks/pod-security/older-versions.ts'
import { ephemeralContainers, newPods, target } from '../attacks/pod-security/pods.ts'
import { raisedLevel } from '../attacks/pod-security/raised-level.ts'
import { prepareTemplates, templates } from '../attacks/pod-security/templates.ts'
import { inParallel } from '../in-parallel.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'

const version = 'v1.33'
const labelsOf = (level: string, pinned: string) => ({ [enforceLabel]: level, [`${enforceLabel}-version`]: pinned })

export const podSecurity: Proof = {
  id: 'C3',
  title: 'Pod Security Standards',
  why: 'A privileged pod is root on its node',
  attack:
    'Break each rule of the standards alone, in each kind of container and workload, by each way that writes it; inline volumes of a CSI driver that is for weaker levels; a privileged pod in every namespace without a label; lower the level with all rights in the namespace',
  expected:
    'Each is refused for that rule at the levels that have it, and its harmless twin is accepted; a refused Deployment passes with the patch of the refusal; the level stays',
  whenRed:
    'See whether PodSecurity was switched off (`bulkhead status`), and remove the label `pod-security.kubernetes.io/enforce` from the namespaces that it names',
  async prove(context, signal) {
    await using stack = new AsyncDisposableStack()
    const made = await inParallel(
      [
        {},
        labelsOf('restricted', version),
        labelsOf('baseline', version),
        labelsOf('baseline', oldVersion),
        labelsOf('baseline', 'latest'),
        labelsOf('privileged', 'latest'),
      ],
      async labels => {
        const namespace = stack.use(await ProofNamespace.create(context, 'C3', signal, labels))
        await namespace.account(podAccount, signal)
        return namespace
      },
    )
    const [unlabelled, restricted, baseline, old, raised, lifted] = made
    if (!unlabelled || !restricted || !baseline || !old || !raised || !lifted) throw new Error('a namespace is missing')
    const strict: LevelledNamespace = { namespace: restricted, level: 'restricted', version }
    const loose: LevelledNamespace = { namespace: baseline, level: 'baseline', version }
    const usual: LevelledNamespace = { namespace: unlabelled, level: 'restricted', version: 'latest' }

    const others = await everyNamespace(context, unlabelled, lifted, signal)
    for (const place of [strict, loose]) {
      await create(context, place.namespace.core('pods'), target.body, signal)
      await sendAll(context, place, [...newPods(place, attacksOn(place.level)), ...ephemeralContainers(place)], signal)
    }
    await sendAll(
      context,
      { namespace: old, level: 'baseline', version: oldVersion },
      oldRules({ namespace: old, level: 'baseline', version: oldVersion }),
      signal,
    )
    await leftOpen(context, strict, signal)
    // Before its level is raised.
    const levelled = [
      { namespace: unlabelled, level: 'restricted' },
      { namespace: restricted, level: 'restricted' },
      { namespace: baseline, level: 'baseline' },
      { namespace: raised, level: 'baseline' },
      { namespace: lifted, level: 'privileged' },
    ] as const
    await inlineVolumes(context, levelled, signal)
    await raisedLevel(context, raised, signal)
    await prepareTemplates(context, usual, signal)
    await sendAll(context, usual, templates(usual), signal)
    const steps = await advice(context, unlabelled, signal)
    await relabelled(context, unlabelled, signal)
    return outcomeOf(
      [],
      `${context.attempts.all.length} attempts in ${others + made.length} namespaces; a Deployment refused with a patch of ${steps} steps that passes; no right within a namespace lowers its level`,
    )
  },
}
