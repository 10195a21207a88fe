import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldSelectorText, labelSelectorText } from './review-selectors.ts'

const requirement = (operator: string, ...values: string[]) => ({ key: 'k', operator, values })
const rows: { name: string; operator: ReturnType<typeof requirement>; field: string | undefined; label: string | undefined }[] = [
  { name: 'one value', operator: requirement('In', 'a'), field: 'k=a', label: 'k in (a)' },
  { name: 'not one value', operator: requirement('NotIn', 'a'), field: 'k!=a', label: 'k notin (a)' },
  { name: 'two values', operator: requirement('In', 'a', 'b'), field: undefined, label: 'k in (a,b)' },
  { name: 'presence', operator: requirement('Exists'), field: undefined, label: 'k' },
  { name: 'absence', operator: requirement('DoesNotExist'), field: undefined, label: '!k' },
  { name: 'a value with signs of the grammar', operator: requirement('In', 'a,b=c\\'), field: 'k=a\\,b\\=c\\\\', label: 'k in (a,b=c\\)' },
  { name: 'an operator to come', operator: requirement('Near', 'a'), field: undefined, label: undefined },
]
for (const { name, operator, field, label } of rows) {
  test(`fieldSelectorText() and labelSelectorText() write ${name}`, () => {
    assert.equal(fieldSelectorText({ requirements: [operator] }), field)
    assert.equal(labelSelectorText({ requirements: [operator] }), label)
  })
}

test('fieldSelectorText() takes the text that was sent', () => {
  assert.equal(fieldSelectorText({ rawSelector: 'a=b' }), 'a=b')
  assert.equal(fieldSelectorText(undefined), undefined)
})
