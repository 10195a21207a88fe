// Measures the CEL engine alone: compiling and evaluating rules as policies have them. Some seconds; one line per figure.

import { Program } from '../src/api/cel/environment.ts'
import { storedExpressions } from '../src/api/cel/kubernetes/base.ts'
import { perCallLimit } from '../src/api/cel/kubernetes/limits.ts'
import * as t from '../src/api/cel/values/type.ts'
import type { CelValue } from '../src/api/cel/values/values.ts'

const environment = storedExpressions().extend([
  { name: 'object', type: t.dyn },
  { name: 'oldObject', type: t.dyn },
])

const container = (index: number): CelValue => ({
  name: `c${index}`,
  image: `registry.example.com/app/c${index}:v1.2.${index}`,
  securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false },
  resources: { limits: { cpu: '500m', memory: '128Mi' } },
  ports: [{ containerPort: 8080 + index }],
})
const object: CelValue = {
  metadata: { name: 'web-0', namespace: 'shop', labels: { app: 'web', tier: 'front' } },
  spec: { replicas: 3, containers: [container(0), container(1), container(2)] },
}

const rules = {
  'all containers as non-root': 'object.spec.containers.all(c, has(c.securityContext) && c.securityContext.runAsNonRoot)',
  'two comparisons': "object.spec.replicas <= 5 && object.metadata.namespace != 'kube-system'",
  'a label with an optional': "object.metadata.?labels['app'].orValue('') in ['web', 'api']",
  'images of one registry': "object.spec.containers.all(c, c.image.startsWith('registry.example.com/') && c.image.matches(':v[0-9.]+$'))",
  'ports above 1024': 'object.spec.containers.map(c, c.ports.map(p, p.containerPort)).all(l, l.all(p, p > 1024))',
  'a memory limit': "object.spec.containers.all(c, quantity(c.resources.limits.memory).isLessThan(quantity('1Gi')))",
}

function perSecond(ms: number, act: () => unknown): number {
  for (let i = 0; i < 2000; i++) act()
  const began = performance.now()
  let count = 0
  while (performance.now() - began < ms) {
    for (let i = 0; i < 200; i++) act()
    count += 200
  }
  return (count * 1000) / (performance.now() - began)
}

const report = (title: string, value: number, unit: string): void =>
  console.log(`${title.padEnd(44)} ${Math.round(value).toLocaleString('en').padStart(12)} ${unit}`)

for (const [name, source] of Object.entries(rules)) {
  const program = new Program(environment.compile(source))
  if (program.evaluate({ object }, perCallLimit).value !== true) throw new Error(`${name} does not hold`)
  report(
    `evaluate: ${name}`,
    perSecond(1000, () => program.evaluate({ object }, perCallLimit)),
    '/s',
  )
}
for (const [name, source] of Object.entries(rules)) {
  const rate = perSecond(500, () => new Program(environment.compile(source)))
  report(`compile: ${name}`, 1_000_000_000 / rate, 'ns')
}
