import { applyJsonPatch } from '../../api/patch/json-patch.ts'
import type { PatchOperation } from '../../api/patch/json-patch-between.ts'
import { ApiError } from '../../api/status.ts'
import { parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import { attacksOn, type PodAttack, representativeAttacks } from '../attacks/pod-security/attacks.ts'
import type { BreachedPod } from '../attacks/pod-security/pod-of-breach.ts'
import { inParallel } from '../in-parallel.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { podObject, smallResources, workloadForms } from '../proof-pods.ts'
import { type Answer, request, succeeded } from '../request.ts'

const account = 'd2'

interface Checked {
  readonly name: string
  /** Below the namespace. */
  path(namespace: ProofNamespace): string
  readonly object: object
  /** By the table of the attacks. */
  readonly admitted: boolean
  /** Whether only the author knows what to change: which volume to mount instead. */
  readonly unfixable: boolean
}

export const checkedManifests: Proof = {
  id: 'D2',
  title: 'manifests checked as the server does',
  why: 'A check that passes what the server refuses, or the reverse, is switched off by those whom it delays',
  attack:
    'Give `bulkhead check` each attack on the Pod Security Standards and each twin, as a pod and in workloads, and send the same to the server',
  expected: 'The same verdict in the same words for each, by the table of the attacks; with the patch of a refusal the object passes',
  whenRed: 'Compare the version of the command with that of the cluster, and its admission settings with those of the profile `secure`',
  async prove(context, signal) {
    const { attempts, transport, checkManifests } = context
    if (checkManifests === undefined) return skipped('`bulkhead check` does not run here')
    await using namespace = await ProofNamespace.create(context, 'D2', signal)
    await namespace.account(account, signal)
    const all = checkedObjects()
    const verdicts = await checkManifests(
      all.map(({ object }) => object),
      namespace.name,
      signal,
    )
    let patched = 0
    await inParallel([...all.entries()], async ([index, { name, path, object, admitted, unfixable }]) => {
      const sent = `${path(namespace)}?dryRun=All`
      const post = (body: unknown) => request(transport, { method: 'POST', path: sent, body }, signal)
      const answer = await post(object)
      const verdict = verdicts[index]
      const same = verdict?.admitted === succeeded(answer) && verdict.admitted === admitted && verdict.message === answer.message
      attempts.record({
        ...{ name, sent: `POST ${sent}`, expected: admitted ? 'both admit it' : 'both refuse it in the same words' },
        answered: `the check ${verdict?.admitted ? 'admits it' : `refuses it (${verdict?.message})`}, the server answered ${answer.status} (${answer.message})`,
        held: same,
      })
      if (admitted || unfixable) return
      patched++
      const patch = patchIn(answer.message)
      const fixed = patch === undefined ? 'no patch' : await fixedBy(object, patch, post)
      attempts.record({
        ...{ name: `${name}, with the patch of the refusal`, sent: `POST ${sent}`, expected: 'success' },
        ...{ answered: fixed === '' ? 'success' : fixed, held: fixed === '' },
      })
    })
    return outcomeOf(
      [],
      `${all.length} manifests get the same verdict from the command and the server; ${patched} refused ones pass with their patch`,
    )
  },
}

/** Why the patched object is not accepted; '' if it is. */
async function fixedBy(object: object, patch: readonly PatchOperation[], post: (body: unknown) => Promise<Answer>): Promise<string> {
  let fixed: unknown
  try {
    // As it was sent: without the members that are undefined.
    fixed = applyJsonPatch(parseJson(writeJson(object)), patch)
  } catch (err) {
    if (!(err instanceof ApiError)) throw err
    return `the patch does not apply: ${writeJson(patch)}`
  }
  const answer = await post(fixed)
  return succeeded(answer) ? '' : `answered ${answer.status} (${answer.message})`
}

function checkedObjects(): Checked[] {
  const kinds = workloadForms.filter(({ kind }) => kind === 'Deployment' || kind === 'CronJob')
  // Each object needs a name of its own, or the check would take two for one.
  const both = (attacks: readonly PodAttack[], of: (pod: BreachedPod, name: string) => Pick<Checked, 'path' | 'object'>, prefix: string) =>
    attacks.flatMap(({ name, bad, twin, reasons }, index) => [
      {
        name: `${prefix}: ${name}`,
        ...of(bad, `d2-${index}`),
        admitted: reasons.length === 0,
        unfixable: bad.field.startsWith('volumes['),
      },
      { name: `${prefix}: twin of ${name}`, ...of(twin, `d2-${index}-twin`), admitted: true, unfixable: false },
    ])
  const pod = ({ spec, annotations }: BreachedPod, name: string) => ({
    path: (namespace: ProofNamespace) => namespace.core('pods'),
    object: podObject(name, { ...spec, serviceAccountName: account }, annotations === undefined ? {} : { annotations }),
  })
  // A typical first draft: no security context at all.
  const draft = { spec: { containers: [{ name: 'main', image: 'example.invalid/app:1', resources: smallResources }] } }
  return [
    { name: 'Pod: first draft', ...pod({ ...draft, field: '' }, 'd2-draft'), admitted: false, unfixable: false },
    ...both(attacksOn('restricted'), pod, 'Pod'),
    ...kinds.flatMap(form =>
      both(
        representativeAttacks('restricted'),
        ({ spec, annotations }, name) => ({
          path: (namespace: ProofNamespace) => namespace.group(form.groupVersion, form.plural),
          object: form.object(name, spec, annotations),
        }),
        form.kind,
      ),
    ),
  ]
}

/** The refusal ends with the JSON patch. */
function patchIn(message: string): readonly PatchOperation[] | undefined {
  const [, text] = /would pass: (\[.*\])\s*$/s.exec(message) ?? []
  if (text === undefined) return undefined
  const value: unknown = parseJson(text)
  return Array.isArray(value) ? value : undefined
}
