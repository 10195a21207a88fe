// Kubernetes quantities for oracles, independent of the product's: exact, in billionths.
import { writeJson } from '../../base/write-json.ts'

const decimal: Readonly<Record<string, bigint>> = {
  ...{ n: 1n, u: 10n ** 3n, m: 10n ** 6n, '': 10n ** 9n, k: 10n ** 12n, M: 10n ** 15n, G: 10n ** 18n, T: 10n ** 21n },
  ...{ P: 10n ** 24n, E: 10n ** 27n },
}
const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+)|([KMGTPE]i|[numkMGTPE])?)$/

/** Billionths of one: `100m` is 10^8. Throws on what is no quantity, and on more precision than that. */
export function billionths(text: string): bigint {
  const [, sign = '', whole = '', fraction = '', exponent = '0', suffix = ''] = form.exec(text) ?? []
  if (whole === '' && fraction === '') throw new Error(`not a quantity: ${writeJson(text)}`)
  const power = binary.indexOf(suffix)
  const unit = power < 0 ? decimal[suffix] : 10n ** 9n * 1024n ** BigInt(power + 1)
  if (unit === undefined) throw new Error(`not a quantity: ${writeJson(text)}`)
  const scaled = BigInt(`${whole}${fraction}`) * unit * 10n ** BigInt(Math.max(Number(exponent), 0))
  const divisor = 10n ** BigInt(fraction.length + Math.max(-Number(exponent), 0))
  if (scaled % divisor !== 0n) throw new Error(`too precise: ${writeJson(text)}`)
  return (sign === '-' ? -1n : 1n) * (scaled / divisor)
}
