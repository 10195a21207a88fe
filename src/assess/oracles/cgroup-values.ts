// What the kernel must say about a container's requests and limits, from within: by the documentation of cgroups, independent of the node.
import { billionths } from './quantity.ts'

export interface CgroupFacts {
  readonly version: 'v1' | 'v2'
  /** Contents of the files by name, such as `memory.max`. */
  readonly files: ReadonlyMap<string, string>
}

export interface ContainerAmounts {
  readonly cpuRequest: string
  readonly cpuLimit: string
  readonly memoryLimit: string
}

/** Shell: prints the version, and each file as `name value`. */
export const readCgroup = [
  'cd /sys/fs/cgroup',
  'if [ -f cgroup.controllers ]; then echo version v2; for f in memory.max cpu.max cpu.weight; do echo "$f $(cat $f)"; done',
  'else echo version v1; for f in memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu/cpu.shares',
  'do echo "$(basename $f) $(cat $f)"; done; fi',
].join('\n')

/** Undefined if the output is none of `readCgroup`. */
export function parseCgroup(output: string): CgroupFacts | undefined {
  const files = new Map(output.split('\n').map(line => [line.split(' ')[0] ?? '', line.split(' ').slice(1).join(' ')]))
  const version = files.get('version')
  return version === 'v1' || version === 'v2' ? { version, files } : undefined
}

/** Differences in words; empty if the kernel holds the container to its amounts. */
export function cgroupDifferences({ version, files }: CgroupFacts, { cpuRequest, cpuLimit, memoryLimit }: ContainerAmounts): string[] {
  const bytes = String(billionths(memoryLimit) / 10n ** 9n)
  const limitMilli = Number(billionths(cpuLimit) / 10n ** 6n)
  const requestMilli = Number(billionths(cpuRequest) / 10n ** 6n)
  const shares = Math.max(2, Math.floor((requestMilli * 1024) / 1000))
  const expected: readonly (readonly [string, (value: string) => boolean, string])[] =
    version === 'v2'
      ? [
          ['memory.max', value => value === bytes, bytes],
          ['cpu.max', value => share(value) === limitMilli, `${limitMilli} thousandths of a CPU`],
          ['cpu.weight', value => weights(shares).includes(Number(value)), weights(shares).join(' or ')],
        ]
      : [
          ['memory.limit_in_bytes', value => value === bytes, bytes],
          [
            'cpu.cfs_quota_us',
            value => share(`${value} ${files.get('cpu.cfs_period_us')}`) === limitMilli,
            `${limitMilli} thousandths of a CPU`,
          ],
          ['cpu.shares', value => value === String(shares), String(shares)],
        ]
  return expected.flatMap(([name, fits, wanted]) => {
    const value = files.get(name)
    return value !== undefined && fits(value) ? [] : [`${name} is ${value ?? 'not there'}, expected ${wanted}`]
  })
}

/** Thousandths of a CPU of `quota period`. */
function share(value: string): number {
  const [quota, period] = value.split(' ').map(Number)
  return quota === undefined || period === undefined ? Number.NaN : Math.round((quota * 1000) / period)
}

/** Runtimes turn shares into a weight by the older, linear rule, or by the newer one that keeps the default in the middle. */
function weights(shares: number): number[] {
  const linear = Math.floor(1 + ((shares - 2) * 9999) / 262_142)
  const exponent = Math.log2(shares)
  const quadratic = Math.ceil(10 ** ((exponent * exponent + 125 * exponent) / 612 - 7 / 34))
  return [linear, quadratic]
}
