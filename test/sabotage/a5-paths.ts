// Sabotage of paths: what leads beyond the namespace that a request is authorized in.
import type { Sabotage } from './sabotage.ts'

const requestInfo = 'src/server/request/request-info.ts'
const proof = 'A5'

export const a5: readonly Sabotage[] = [
  {
    name: 'objects of the cluster are reachable through a namespace',
    file: requestInfo,
    from: "if (isWithin !== namespaced && !(namespaced && name === '' && has(readsMany))) return false",
    to: "if (!isWithin && namespaced && !(name === '' && has(readsMany))) return false",
    proof,
  },
]
