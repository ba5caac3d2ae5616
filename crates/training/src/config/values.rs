//! Values in a TOML table by their dotted path, `stage.1.objective`.

use toml::Value;

/// The value at a dotted path.
pub(super) fn find<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|segment| !segment.is_empty()).try_fold(root, |here, segment| match here {
        Value::Table(table) => table.get(segment),
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The table or list that holds the value at a dotted path, and the value's name in it.
fn holder<'a, 'b>(root: &'a mut Value, path: &'b str) -> Option<(&'a mut Value, &'b str)> {
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let holder =
        parent.split('.').filter(|segment| !segment.is_empty()).try_fold(root, |here, segment| match here {
            Value::Table(table) => table.get_mut(segment),
            Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
            _ => None,
        })?;
    Some((holder, last))
}

/// Takes out the value at a dotted path.
pub(super) fn take(root: &mut Value, path: &str) -> Option<Value> {
    match holder(root, path)? {
        (Value::Table(table), last) => table.remove(last),
        (Value::Array(items), last) => {
            let index = last.parse::<usize>().ok().filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        _ => None,
    }
}

/// Puts a value at a dotted path; false where there is no such table or list.
pub(super) fn put(root: &mut Value, path: &str, value: Value) -> bool {
    match holder(root, path) {
        Some((Value::Table(table), last)) => {
            table.insert(last.to_string(), value);
            true
        }
        Some((Value::Array(items), last)) => match last.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
            Some(item) => {
                *item = value;
                true
            }
            None => false,
        },
        _ => false,
    }
}
