//! Plots of curves. Both axes are logarithmic, because sizes and costs are compared by ratios.

use std::path::Path;

use plotters::prelude::*;

pub struct Curve {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Draws curves as an SVG.
pub fn draw(path: &Path, title: &str, across: &str, up: &str, curves: &[Curve]) {
    try_draw(path, title, across, up, curves).unwrap_or_else(|error| panic!("cannot draw {}: {error}", path.display()));
}

fn try_draw(
    path: &Path,
    title: &str,
    across: &str,
    up: &str,
    curves: &[Curve],
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let widest = |axis: fn(&(f64, f64)) -> f64| {
        let (least, most) =
            points().map(axis).fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), it| (least.min(it), most.max(it)));
        least / 1.5..most * 1.5
    };
    let area = SVGBackend::new(path, (900, 560)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(70)
        .build_cartesian_2d(widest(|point| point.0).log_scale(), widest(|point| point.1).log_scale())?;
    chart.configure_mesh().x_desc(across).y_desc(up).label_style(("sans-serif", 14)).draw()?;
    for (number, curve) in curves.iter().enumerate() {
        let colour = Palette99::pick(number).to_rgba();
        chart
            .draw_series(LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2)).point_size(4))?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    area.present()
}
