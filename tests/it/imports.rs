//! No file of a crate imports itself by way of others, and no crate holds more than a quarter of all lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module by its path within the crate; the crate's root is empty.
type Module = Vec<String>;

/// The modules of a crate, one per file, with the text of each but for its tests.
fn modules(source: &Path) -> BTreeMap<Module, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a source folder").flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => walk(&path, found),
                false if path.extension().is_some_and(|ending| ending == "rs") => found.push(path),
                false => {}
            }
        }
    }
    let mut files = Vec::new();
    walk(source, &mut files);
    let module = |path: &Path| {
        let inside = path.strip_prefix(source).expect("a path below").with_extension("");
        let mut parts: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if ["mod", "lib", "main"].contains(&parts.last().map_or("", String::as_str)) {
            parts.pop();
        }
        parts
    };
    let text = |path: &Path| {
        let text = fs::read_to_string(path).expect("a source file");
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let without_comments = code.lines().map(|line| line.split("//").next().unwrap_or_default());
        without_comments.collect::<Vec<_>>().join("\n")
    };
    files.iter().map(|path| (module(path), text(path))).collect()
}

/// The paths of a `use`: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, inside)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        return if path.is_empty() { Vec::new() } else { vec![path.to_string()] };
    };
    let inside = inside.rsplit_once('}').map_or(inside, |(inside, _)| inside);
    let (mut depth, mut parts) = (0usize, vec![String::new()]);
    for letter in inside.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match (letter, depth) {
            (',', 0) => parts.push(String::new()),
            _ => parts.last_mut().expect("a part").push(letter),
        }
    }
    parts.iter().flat_map(|part| paths(part)).map(|path| format!("{before}{path}")).collect()
}

/// The statements that import: whether they export again, and their trees.
fn uses(text: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    for statement in text.split(';') {
        // What stands before on other lines is no part of it.
        let Some(at) = statement.rfind("use ").filter(|at| {
            let before = statement[..*at].rsplit('\n').next().unwrap_or_default().trim();
            before.is_empty() || before.starts_with("pub")
        }) else {
            continue;
        };
        let exports = statement[..at].rsplit('\n').next().unwrap_or_default().trim().starts_with("pub");
        found.push((exports, statement[at + 4..].to_string()));
    }
    found
}

/// A path as seen from a module, from the crate's root; `None` where it leads out of the crate.
fn whole(module: &Module, path: &str) -> Option<Module> {
    let mut parts = path.split("::").map(str::to_string).peekable();
    let mut from = match parts.next()?.as_str() {
        "crate" => Vec::new(),
        "self" => module.clone(),
        "super" => module[..module.len().saturating_sub(1)].to_vec(),
        _ => return None,
    };
    while parts.peek().is_some_and(|part| part == "super") {
        parts.next();
        from.pop();
    }
    from.extend(parts);
    Some(from)
}

/// Which files each file of a crate imports from. What a `mod.rs` only exports again counts as imported from where it
/// stands.
fn imports(source: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let modules = modules(source);
    let mut exported: BTreeMap<(Module, String), Module> = BTreeMap::new();
    for (module, text) in &modules {
        for path in uses(text).into_iter().filter(|(exports, _)| *exports).flat_map(|(_, tree)| paths(&tree)) {
            let target = whole(module, &path).or_else(|| whole(module, &format!("self::{path}")));
            if let (Some(target), Some(name)) = (target, path.rsplit("::").next()) {
                exported.insert((module.clone(), name.to_string()), target);
            }
        }
    }
    let file_of = |path: &Module| {
        let mut path = path.clone();
        for _ in 0..8 {
            let depth = (0..=path.len()).rev().find(|depth| modules.contains_key(&path[..*depth])).unwrap_or(0);
            let module = path[..depth].to_vec();
            match path.get(depth).and_then(|name| exported.get(&(module.clone(), name.clone()))) {
                Some(target) if *target != path => path = target.clone(),
                _ => return module,
            }
        }
        path
    };
    let mut graph = BTreeMap::new();
    for (module, text) in &modules {
        let of_files = uses(text).into_iter().filter(|(exports, _)| !exports).flat_map(|(_, tree)| paths(&tree));
        let inline = text.split("crate::").skip(1).map(|rest| {
            let end = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
            format!("crate::{}", &rest[..end.unwrap_or(rest.len())])
        });
        let all = of_files.chain(inline).filter_map(|path| whole(module, &path));
        let files: BTreeSet<Module> = all.map(|path| file_of(&path)).filter(|file| file != module).collect();
        graph.insert(module.clone(), files);
    }
    graph
}

/// A way from a file back to itself.
fn circle(graph: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    fn visit(
        here: &Module,
        graph: &BTreeMap<Module, BTreeSet<Module>>,
        way: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> Option<Vec<Module>> {
        if let Some(begin) = way.iter().position(|module| module == here) {
            return Some(way[begin..].to_vec());
        }
        if !done.insert(here.clone()) {
            return None;
        }
        way.push(here.clone());
        let found = graph.get(here).into_iter().flatten().find_map(|next| visit(next, graph, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|module| visit(module, graph, &mut Vec::new(), &mut done))
}

/// Our library crates.
fn crates() -> Vec<PathBuf> {
    let mut crates: Vec<PathBuf> =
        fs::read_dir("crates").expect("crates").flatten().map(|entry| entry.path()).collect();
    crates.sort();
    crates
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    let crates = crates();
    assert_eq!(crates.len(), 11, "a crate came or went: update this number");
    let mut edges = 0;
    let sources = crates.iter().map(|folder| folder.join("src"));
    for folder in sources.chain(["src", "xtask/src"].map(PathBuf::from)) {
        let graph = imports(&folder);
        edges += graph.values().map(BTreeSet::len).sum::<usize>();
        if let Some(circle) = circle(&graph) {
            let names: Vec<String> = circle.iter().map(|module| module.join("/")).collect();
            panic!("{}: files that import each other in a circle: {}", folder.display(), names.join(" → "));
        }
    }
    assert!(edges > 1000, "{edges} imports were found, and there are more");
}

#[test]
fn a_circle_is_found_through_what_a_folder_exports_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("lib.rs", "mod a;\nmod b;\n");
    write("a.rs", "use crate::b::{\n    Other,\n    inner::Deep,\n};\nuse std::fs;\n");
    write("b/mod.rs", "mod inner;\npub use inner::{Deep, Other};\n");
    write("b/inner.rs", "#[cfg(test)]\nmod tests {\n    use crate::a::Thing;\n}\n");
    assert_eq!(circle(&imports(folder.path())), None, "tests may import what they like");
    write("b/inner.rs", "use crate::a::Thing; // so that Other has one\n");
    let found = circle(&imports(folder.path())).expect("a circle");
    assert_eq!(found, [vec!["a".to_string()], vec!["b".to_string(), "inner".to_string()]]);
}

#[test]
fn no_crate_has_more_than_a_quarter_of_the_lines() {
    fn lines(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let of = |path: PathBuf| match path.is_dir() {
            true => lines(&path),
            false if path.extension().is_some_and(|ending| ending == "rs") => {
                fs::read_to_string(path).expect("a source file").lines().count()
            }
            false => 0,
        };
        entries.map(of).sum()
    }
    let program: usize =
        ["src", "tests", "benches", "examples", "xtask"].map(|folder| lines(Path::new(folder))).iter().sum();
    let of_crates: Vec<(PathBuf, usize)> =
        crates().into_iter().map(|folder| (folder.clone(), lines(&folder))).collect();
    let all = program + of_crates.iter().map(|(_, lines)| lines).sum::<usize>();
    for (folder, lines) in of_crates {
        assert!(4 * lines <= all, "{} has {lines} lines of {all}", folder.display());
    }
}
