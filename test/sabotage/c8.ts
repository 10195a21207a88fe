// Sabotage of LimitRanges: defaults, bounds, and what a node makes of them.
import type { Sabotage } from './sabotage.ts'

const plugin = 'src/admission/plugins/limit-ranger.ts'
const compiled = 'src/admission/compiled-limits.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'C8' })

export const c8: readonly Sabotage[] = [
  sabotage('init containers get no default values', plugin, "  setIn('initContainers', 'init container')\n", ''),
  sabotage('containers get no default limits', plugin, "  add('limits', limits.defaultLimits, 'limit')\n", ''),
  sabotage('containers get no default requests', plugin, "  add('requests', limits.defaultRequests, 'request')\n", ''),
  sabotage(
    'only the first container gets default values',
    plugin,
    'for (const container of spec[list] ?? []) {',
    'for (const container of (spec[list] ?? []).slice(0, 1)) {',
  ),
  sabotage('default values replace those of the author', plugin, 'if (container.resources?.[list]?.[name] !== undefined) continue', ''),
  sabotage(
    'init containers are not bounded',
    plugin,
    '    for (const container of pod.spec.initContainers ?? []) validateContainer(container, constraints, errors)\n',
    '',
  ),
  sabotage('pods as a whole are not bounded', plugin, 'if (whole.length === 0) return', 'if (whole.length >= 0) return'),
  sabotage('claims are not bounded', plugin, 'for (const validate of claim) validate(requests, noAmounts, errors)', ''),
  sabotage('resizes are not bounded by LimitRanges', plugin, "    { operations: ['UPDATE'], resources: ['pods/resize'] },\n", ''),
  sabotage(
    'a request below the minimum is admitted',
    compiled,
    'else if (compareQuantities(request, bound) < 0) errors.push',
    'else if (compareQuantities(request, bound) < -1) errors.push',
  ),
  sabotage(
    'a limit above the maximum is admitted',
    compiled,
    'else if (compareQuantities(limit, bound) > 0) errors.push',
    'else if (compareQuantities(limit, bound) > 1) errors.push',
  ),
  sabotage(
    'the ratio of limit and request is not bounded',
    compiled,
    'else if (exceedsRatio(limit, request, bound))',
    'else if (false && exceedsRatio(limit, request, bound))',
  ),
  sabotage(
    'a pod that states no limit is within every maximum',
    compiled,
    'if (limit === undefined) errors',
    'if (limit === undefined) void errors.length\n    else if (start === undefined) errors',
  ),
  sabotage(
    'new namespaces get no limits',
    'src/controllers/namespaces/namespace-defaults.ts',
    '          limitRange && unlessThere(client.create(limitRanges, key, limitRange, signal)),\n',
    '',
  ),
]
