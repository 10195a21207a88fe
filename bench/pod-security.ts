// Measures the Pod Security Standards alone: all checks of the restricted level on a pod of three containers. Some seconds; one line per figure.
import { evaluate } from '../src/admission/pod-security/evaluate.ts'
import type { PodSpec } from '../src/api/types/core-v1.ts'

const container = (name: string) => ({
  ...{ name, image: `registry.example.com/${name}:1`, ports: [{ containerPort: 8080, protocol: 'TCP' as const }], resources: {} },
  securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
})
const good: PodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  initContainers: [container('init')],
  containers: [container('web'), container('log')],
  volumes: [
    { name: 'tmp', emptyDir: {} },
    { name: 'config', configMap: { name: 'config' } },
  ],
}
const bad: PodSpec = { containers: [{ name: 'web', image: 'i' }], hostNetwork: true }
const level = { level: 'restricted', minor: 'latest' } as const

function microseconds(spec: PodSpec, ms = 1000): number {
  const pod = { metadata: {}, spec }
  for (let i = 0; i < 5000; i++) evaluate(pod, level)
  const began = performance.now()
  let count = 0
  while (performance.now() - began < ms) {
    for (let i = 0; i < 500; i++) evaluate(pod, level)
    count += 500
  }
  return ((performance.now() - began) * 1000) / count
}

console.log(`a pod that passes: ${microseconds(good).toFixed(2)} µs (at most 10)`)
console.log(`a pod that is refused: ${microseconds(bad).toFixed(2)} µs`)
