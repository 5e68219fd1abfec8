//! Outputs as files, each whole or not there. [`write`] is called by [`super::run`].
//!
//! Everything is made in memory first and written beside its place, then renamed over it; what is no regular file (a device, a named
//! pipe) is written as it is.

use super::{CiSettings, Files, System};
use crate::cli::output;
use crate::render::ci as render;
use crate::triage::annotation::Annotation;
use crate::triage::ci::report::CiReport;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The code quality report's customary name.
const CODE_QUALITY: &str = "gl-code-quality-report.json";

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Sarif,
    Junit,
    GitLab,
    Markdown,
    Json,
    Html,
    Summary,
}

impl Form {
    /// All, with their names in `--out`.
    const NAMED: [(Form, &'static str); 7] = [
        (Form::Json, "gotriage.json"),
        (Form::Markdown, "gotriage.md"),
        (Form::Html, "gotriage.html"),
        (Form::Sarif, "gotriage.sarif"),
        (Form::Junit, "junit.xml"),
        (Form::GitLab, CODE_QUALITY),
        (Form::Summary, "summary.md"),
    ];

    fn write(
        self,
        report: &CiReport,
        annotations: &[Annotation],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Form::Sarif => render::sarif::write(annotations, out),
            Form::Junit => render::junit::write(report, out),
            Form::GitLab => render::gitlab::write(annotations, out),
            Form::Markdown => render::markdown(report, out),
            Form::Json => render::json(report, out),
            Form::Html => render::html(report, out),
            Form::Summary => render::summary::write(report, out),
        }
    }
}

impl Files {
    /// The single files that were asked for.
    fn single(&self) -> impl Iterator<Item = (Form, &Path)> {
        let asked = [
            (Form::Sarif, &self.sarif),
            (Form::Junit, &self.junit),
            (Form::GitLab, &self.gitlab),
            (Form::Markdown, &self.markdown),
            (Form::Json, &self.json),
            (Form::Html, &self.html),
            (Form::Summary, &self.summary),
        ];
        asked
            .into_iter()
            .filter_map(|(form, path)| Some((form, path.as_deref()?)))
    }

    /// True where a form goes to standard output.
    pub(super) fn takes_stdout(&self) -> bool {
        self.single().any(|(_, path)| path == Path::new("-"))
    }
}

/// Writes all files; false where one could not be written, after a message. The others are written all the same.
pub(super) fn write(
    settings: &CiSettings,
    system: System,
    report: &CiReport,
    annotations: &[Annotation],
    variable: impl Fn(&str) -> Option<String>,
) -> bool {
    let files = &settings.files;
    let mut wanted: Vec<(Form, PathBuf)> = files
        .single()
        .map(|(form, path)| (form, path.to_path_buf()))
        .collect();
    if let Some(directory) = &files.out {
        if let Err(cause) = fs::create_dir_all(directory) {
            output::complain(&format!("{}: cannot be made: {cause}", directory.display()));
            return false;
        }
        let named = Form::NAMED.iter();
        wanted.extend(named.map(|(form, name)| (*form, directory.join(name))));
    } else if system == System::GitLab && files.gitlab.is_none() {
        wanted.push((Form::GitLab, CODE_QUALITY.into()));
    }
    let mut all = true;
    for (form, path) in wanted {
        let mut bytes = Vec::new();
        let made = form.write(report, annotations, &mut bytes);
        all &= match path == Path::new("-") {
            true => output::print(|out| made.and_then(|()| out.write_all(&bytes))),
            false => told(&path, made.and_then(|()| replace(&path, &bytes))),
        };
    }
    if system == System::GitHub
        && let Some(path) = variable("GITHUB_STEP_SUMMARY").map(PathBuf::from)
    {
        let mut bytes = Vec::new();
        let made = Form::Summary.write(report, annotations, &mut bytes);
        all &= told(&path, made.and_then(|()| append(&path, &bytes)));
    }
    all
}

fn told(path: &Path, written: io::Result<()>) -> bool {
    if let Err(cause) = &written {
        output::complain(&format!("{}: cannot be written: {cause}", path.display()));
    }
    written.is_ok()
}

/// Makes `path` hold `bytes`, or leaves it as it was.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
        return OpenOptions::new().write(true).open(&path)?.write_all(bytes);
    }
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut beside = tempfile::Builder::new();
    beside.prefix(".gotriage-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What the umask leaves of it, as for any other file.
        beside.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = beside.tempfile_in(directory)?;
    // Of the file inside an error does not name the temporary place.
    file.as_file_mut().write_all(bytes)?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// The file of a step's summary belongs to all that a step runs.
fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(bytes)
}
