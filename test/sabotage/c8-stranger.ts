// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const c8: readonly Sabotage[] = [
  {
    name: 'a request that is missing passes a minimum',
    file: 'src/admission/compiled-limits.ts',
    from: `if (request === undefined) errors.push(\`\${start}.  No request is specified\`)
    else if (compareQuantities(request, bound) < 0)`,
    to: `if (request === undefined) return
    else if (compareQuantities(request, bound) < 0)`,
    proof: 'C8',
  },
  {
    name: 'the maximum of claims is not compared',
    file: 'src/admission/compiled-limits.ts',
    from: `else if (compareQuantities(request, bound) > 0) errors.push(\`\${start}, but request is \${formatQuantity(request)}\`)
  }
}

const nothing`,
    to: `else if (compareQuantities(request, bound) > 1) errors.push(\`\${start}, but request is \${formatQuantity(request)}\`)
  }
}

const nothing`,
    proof: 'C8',
  },
  {
    name: 'a request of 0 has any ratio',
    file: 'src/admission/compiled-limits.ts',
    from: 'if (request.value === 0n) errors.push(`${start}, but no request is specified or request is 0`)',
    to: 'if (request.value === 0n) return',
    proof: 'C8',
  },
  {
    name: 'the ratio of a whole pod is not bounded',
    file: 'src/admission/compiled-limits.ts',
    from: '...each(maxLimitRequestRatio, (name, bound) => ratio(type, name, bound)),',
    to: "...each(type === 'Pod' ? {} : maxLimitRequestRatio, (name, bound) => ratio(type, name, bound)),",
    proof: 'C8',
  },
  {
    name: 'only the first LimitRange of a namespace is compared',
    file: 'src/admission/plugins/limit-ranger.ts',
    from: `for (const limits of rangesFor(request)) {
        const errors`,
    to: `for (const limits of [...rangesFor(request)].slice(0, 1)) {
        const errors`,
    proof: 'C8',
  },
  {
    name: 'only the first container is bounded',
    file: 'src/admission/plugins/limit-ranger.ts',
    from: 'for (const container of pod.spec.containers) validateContainer',
    to: 'for (const container of pod.spec.containers.slice(0, 1)) validateContainer',
    proof: 'C8',
  },
  {
    name: 'updates of claims are not bounded',
    file: 'src/admission/plugins/limit-ranger.ts',
    from: "{ operations: ['CREATE', 'UPDATE'], resources: ['persistentvolumeclaims'] }",
    to: "{ operations: ['CREATE'], resources: ['persistentvolumeclaims'] }",
    proof: 'C8',
  },
  {
    name: 'a LimitRange that is changed keeps its old bounds',
    file: 'src/admission/plugins/limit-ranger.ts',
    from: 'else own.set(name, compileLimits(object))',
    to: 'else if (!own.has(name)) own.set(name, compileLimits(object))',
    proof: 'C8',
  },
  {
    name: 'defaults are set for the first resource alone',
    file: 'src/admission/plugins/limit-ranger.ts',
    from: 'set ??= []',
    to: `if (set !== undefined) break
      set ??= []`,
    proof: 'C8',
  },
]
