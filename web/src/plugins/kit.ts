// The elements that scripts of modules may use: names and properties are part of the contract (sdk/UI.md), what is
// behind them is not.
import { El } from '../ui/element.ts';
import { hasIcon, icon } from '../ui/icon.ts';
import { fieldOf } from '../core/meta.ts';
import { FieldEdit } from '../fields/edit.ts';
import { show } from '../fields/view.ts';
import type { Row } from '../core/types.ts';

/** <ui-icon name="truck"> */
class Icon extends El {
  static override properties = { name: {} };
  name = '';
  override render() {
    return icon(hasIcon(this.name) ? this.name : 'file', 'icon-16');
  }
}

/** <ui-value .entity .field .record>: a field of a record as the application shows it. */
class Value extends El {
  static override properties = { entity: {}, field: {}, record: { attribute: false } };
  entity = '';
  field = '';
  record: Row | null = null;
  override render() {
    return this.record ? show({ entity: this.entity, name: this.field, row: this.record, place: 'card' }) : null;
  }
}

/** <ui-field .entity .name .value .error>: the control of a field with its label; fires ui-change {name, value}. */
class Field extends FieldEdit {
  override willUpdate(changed: Map<string, unknown>): void {
    this.field = fieldOf(this.entity, this.name) ?? this.field;
    super.willUpdate(changed);
  }
}

customElements.define('ui-icon', Icon);
customElements.define('ui-value', Value);
customElements.define('ui-field', Field);
