// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const c9: readonly Sabotage[] = [
  {
    name: 'only pods of the first namespace count when a node moves',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'const strangers = () => livePods().filter(pod => pod.spec.nodeName === name && !mayRunOn(pod, object))',
    to: 'const strangers = () => livePods().slice(0, 1).filter(pod => pod.spec.nodeName === name && !mayRunOn(pod, object))',
    proof: 'C9',
  },
  {
    name: 'a namespace may move while the pod of another is made',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'const own = () => (isPlatform(name) ? [] : livePods(name).filter(pod => domainOfPod(pod) !== domain))',
    to: 'const own = () => (isPlatform(name) ? [] : livePods(name).filter(pod => domainOfPod(pod) !== domain && pod.spec.nodeName !== undefined))',
    proof: 'C9',
  },
  {
    name: 'pods that are being deleted do not count',
    file: 'src/api/pods/trust-domain.ts',
    from: 'export const isLive = ({ status }: Pod): boolean =>',
    to: 'export const isLive = ({ status, metadata }: Pod): boolean => metadata.deletionTimestamp === undefined &&',
    proof: 'C9',
  },
  {
    name: 'a right to place in one trust domain is a right to place in all',
    file: 'src/admission/plugins/trust-domain.ts',
    from: '...placeRight, name: domain })',
    to: "...placeRight, name: '*' })",
    proof: 'C9',
  },
  {
    name: 'a new node needs no right to its trust domain',
    file: 'src/admission/plugins/trust-domain.ts',
    from: "return operation === 'CREATE' || domainOfNode(object) !== domainOfNode(oldObject)",
    to: "return operation !== 'CREATE' && domainOfNode(object) !== domainOfNode(oldObject)",
    proof: 'C9',
  },
  {
    name: 'moves of nodes do not hold up pods',
    file: 'src/admission/pending-placements.ts',
    from: 'const moving = [...this.#moves.values()].find(place => places.includes(place))',
    to: "const moving = [...this.#moves.values()].find(place => place.startsWith('namespace') && places.includes(place))",
    proof: 'C9',
    knownMissed: 'the proof moves no node of others, not even for a moment',
  },
  {
    name: 'moves are not remembered',
    file: 'src/admission/pending-placements.ts',
    from: 'if (!request.dryRun) this.#moves.set(request, place)',
    to: 'if (request.dryRun) this.#moves.set(request, place)',
    proof: 'C9',
    knownMissed: 'a pod and the change must meet within microseconds, which twelve races do not; unit tests of the placements see it',
  },
  {
    name: 'dry runs of moves are refused by pods of others alone',
    file: 'src/admission/plugins/trust-domain.ts',
    from: 'const pods = residents()',
    to: 'const pods = request.dryRun ? [] : residents()',
    proof: 'C9',
  },
  {
    name: 'pods that wait to start do not count',
    file: 'src/api/pods/trust-domain.ts',
    from: "status?.phase !== 'Succeeded' && status?.phase !== 'Failed'",
    to: "status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && status?.phase !== 'Pending'",
    proof: 'C9',
  },
]
