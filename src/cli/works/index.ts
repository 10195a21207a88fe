// Every work of the process without rights, by its name; each is loaded there.
import type { IsolatedWork } from '../isolated/isolated-work.ts'

export const works: Readonly<Record<string, () => Promise<IsolatedWork>>> = {
  sbom: async () => (await import('../sbom/sbom-work.ts')).sbomWork,
  shadow: async () => (await import('../backup/shadow-work.ts')).shadowWork,
}
