// The scanners that `--with` runs.
import type { Scanner } from './scanner.ts'
import { trivy } from './trivy.ts'

export const scanners: readonly Scanner[] = [trivy]
