// For each thing that gives a class, the steps that plant a canary with it.
import { dataClassLabel } from '../../../api/data-classes/data-class.ts'
import { coreSteps, create, eventStep, guests, personOf, personSteps, personsIn, type Step } from './canary-paths.ts'

/** The first two have the class of their name. */
export const namespaces = { personal: 'personal', confidential: 'confidential', plain: 'plain' }
const personal = { [dataClassLabel]: 'personal' }
const lower = { [dataClassLabel]: 'public' }

/** By what gives the class: the steps that bring the canary there. */
export const groups: Readonly<Record<string, (canary: string) => readonly Step[]>> = {
  label: canary => [...coreSteps(namespaces.plain, canary, personal), eventStep(namespaces.plain, 'Pod', 'canary', canary)],
  namespace: canary => [
    ...personSteps(namespaces.personal, canary),
    ...coreSteps(namespaces.personal, canary, {}),
    eventStep(namespaces.personal, 'Pod', 'canary', canary),
    // Nothing but its namespace gives this field a class: pods carry a label of their own, and the email is a classified field.
    create(personsIn(namespaces.personal), personOf('kept', { note: canary })),
  ],
  // A lower label of the object does not count.
  lower: canary => [
    ...personSteps(namespaces.confidential, canary, lower),
    ...coreSteps(namespaces.confidential, canary, lower),
    eventStep(namespaces.confidential, 'Pod', 'canary', canary),
  ],
  definition: canary => [
    ...personSteps(namespaces.plain, canary, {}, guests),
    create(personsIn(namespaces.plain, guests), personOf('kept', { note: canary }, {}, guests)),
    eventStep(namespaces.plain, 'Guest', 'kept', canary),
  ],
  field: canary => [
    ...personSteps(namespaces.plain, canary),
    create(personsIn(namespaces.plain), personOf('kept', { email: canary })),
    eventStep(namespaces.plain, 'Person', 'kept', canary),
  ],
  // Without any label.
  secret: canary => [
    create(`/api/v1/namespaces/${namespaces.plain}/secrets`, {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'unlabeled' }, stringData: { value: canary } },
    }),
    eventStep(namespaces.plain, 'Secret', 'unlabeled', canary),
  ],
}
