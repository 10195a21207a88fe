// Sabotage of the placement of pods by trust domain.
import type { Sabotage } from './sabotage.ts'

const plugin = 'src/admission/plugins/trust-domain.ts'

export const p3: readonly Sabotage[] = [
  {
    name: 'bindings are not validated',
    file: plugin,
    from: 'return pod === undefined ? admitted : validatePod(request, { ...pod, spec: { ...pod.spec, nodeName } })',
    to: 'return pod === undefined ? admitted : validatePod(request, pod)',
    proof: 'P3',
  },
  {
    name: 'pods that name their node are not validated',
    file: plugin,
    from: "if (resource.plural === 'pods') return validatePod(request, object as Pod)",
    to: "if (resource.plural === 'pods') return admitted",
    proof: 'P3',
  },
]
